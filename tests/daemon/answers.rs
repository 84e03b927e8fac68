//! Records in, answers out, and what is on the record.

use std::io::Write;
use std::process::Stdio;

use dunlin::journal::Reader;
use serde_json::json;

use crate::board::{Board, code, record};

#[test]
fn a_line_of_the_socket_has_a_line_of_answer_and_is_on_the_record() {
    let board = Board::new();
    let daemon = board.start(|command| command);
    let mut client = board.client();
    let answer = client.ask(&record());
    assert_eq!(
        (&answer["verdict"], &answer["answered_by"], &answer["model_version"]),
        (&json!("accept"), &json!("model"), &json!("1.2.3"))
    );
    assert!(
        answer["outputs"]["level"]["class"].is_string()
            || answer["outputs"].as_object().is_some_and(|all| !all.is_empty())
    );
    let of_ada = client.ask(&json!({"record": record(), "subject": "ada"}));
    let id = answer["id"].clone();
    assert_eq!(client.ask(&json!({"id": id, "label": "low"})), json!({"labelled": id}));
    assert_eq!(client.ask(&json!({"id": id, "outcome": "minutes", "value": 3.5})), json!({"came_out": id}));
    daemon.stop();

    let reader = Reader::open(&board.path("state")).unwrap();
    let row = |answer: &serde_json::Value| {
        let id = answer["id"].as_str().unwrap().parse().unwrap();
        reader.prediction(id).unwrap().unwrap()
    };
    assert_eq!(serde_json::to_value(row(&answer).label).unwrap(), json!("low"));
    assert_eq!(serde_json::to_value(row(&answer).outcomes).unwrap(), json!({"minutes": 3.5}));
    assert!(row(&answer).subject_hash.is_none() && row(&of_ada).subject_hash.is_some());
}

#[test]
fn standard_input_is_answered_to_its_end_and_the_daemon_ends_with_it() {
    let board = Board::new();
    let mut command = board.command();
    let mut child = command.arg("--stdin").stdin(Stdio::piped()).spawn().unwrap();
    let lines = format!("{}\nno record\n{}", record(), record());
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success());
    let text = String::from_utf8(ended.stdout).unwrap();
    let answers: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 3);
    assert_eq!((&answers[0]["verdict"], &answers[2]["verdict"]), (&json!("accept"), &json!("accept")));
    assert_eq!(code(&answers[1]), "not_an_object");
}

#[test]
fn clients_are_answered_side_by_side_each_in_its_order() {
    let board = Board::new();
    let daemon = board.start(|command| command);
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                let mut client = board.client();
                let first = client.ask(&record());
                assert_eq!(first["verdict"], "accept", "{first}");
                for _ in 0..50 {
                    assert_eq!(client.ask(&record())["outputs"], first["outputs"]);
                }
            });
        }
    });
    daemon.stop();
    let rows = Reader::open(&board.path("state")).unwrap().totals().unwrap().predictions;
    assert_eq!(rows, 8 * 51);
}
