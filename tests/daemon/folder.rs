//! A folder into which files of records are put, and out of which files of answers come.

use std::path::Path;
use std::time::Duration;

use dunlin::journal::Reader;
use serde_json::{Value, json};

use crate::board::{Board, record};

fn watching() -> Board {
    let board = Board::new();
    let folder = format!("[folder]\npath = {:?}\n", board.path("in"));
    board.write("dunlind.toml", &board.config(&folder));
    board
}

fn appears(path: &Path) {
    let is_there = (0..2_000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        path.exists()
    });
    assert!(is_there, "{} does not appear", path.display());
}

fn lines(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn json_lines_and_csv_are_answered_row_by_row_and_put_aside() {
    let board = watching();
    let daemon = board.start(|command| command);
    board.write("in/first.jsonl", &format!("{}\nno json\n{}", record(), record()));
    board.write("in/second.csv", "age,visits,colour,member,income\n40,3,red,true,900\n40,3,red\nold,3,red,true,900\n");
    board.write("in/notes.txt", "none of ours");
    let (first, second) = (board.path("in/answers/first.jsonl.answers"), board.path("in/answers/second.csv.answers"));
    appears(&first);
    appears(&board.path("in/done/second.csv"));
    let codes = |path: &Path| -> Vec<String> {
        let word = |line: &Value| line["verdict"].as_str().or(line["error"]["code"].as_str()).unwrap().to_owned();
        lines(path).iter().map(word).collect()
    };
    assert_eq!(codes(&first), ["accept", "not_an_object", "accept"]);
    assert_eq!(codes(&second), ["accept", "bad_row", "wrong_type"]);
    assert_eq!(lines(&first)[0]["outputs"], lines(&second)[0]["outputs"]);
    assert!(board.path("in/notes.txt").exists() && !board.path("in/first.jsonl").exists());
    daemon.stop();
}

#[test]
fn a_table_whose_columns_are_wrong_is_put_aside_with_its_reason() {
    let board = watching();
    let daemon = board.start(|command| command);
    board.write("in/wrong.csv", "age,height\n40,180\n");
    let answers = board.path("in/answers/wrong.csv.answers");
    appears(&answers);
    let told = lines(&answers);
    assert!(told.len() == 1 && told[0]["error"]["message"].as_str().unwrap().contains("header"), "{told:?}");
    daemon.stop();
}

#[test]
fn a_file_that_is_cut_short_by_a_crash_is_gone_on_with_and_each_record_has_one_answer() {
    let board = watching();
    let daemon = board.start(|command| command);
    let records = 3_000;
    let text: String = (0..records)
        .map(|i| format!("{}\n", json!({"age": i % 90, "visits": i, "colour": "red", "member": true})))
        .collect();
    board.write("in/many.part", &text);
    std::fs::rename(board.path("in/many.part"), board.path("in/many.jsonl")).unwrap();
    let (partial, answers) = (board.path("in/answers/many.jsonl.partial"), board.path("in/answers/many.jsonl.answers"));
    appears(&partial);
    let has_answers = || std::fs::read(&partial).is_ok_and(|text| text.contains(&b'\n'));
    while !has_answers() && !answers.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    daemon.signal("KILL");
    daemon.end();
    assert!(!answers.exists(), "it was killed before the end");
    let daemon = board.start(|command| command);
    appears(&answers);
    let ids: std::collections::BTreeSet<String> =
        lines(&answers).iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), records);
    daemon.stop();
    let reader = Reader::open(&board.path("state")).unwrap();
    assert!(
        ids.iter().all(|id| reader.prediction(id.parse().unwrap()).unwrap().is_some()),
        "what has an answer is on the record"
    );
}

#[test]
fn what_a_crash_left_between_whole_answers_and_records_put_aside_is_brought_to_its_end() {
    let board = watching();
    std::fs::create_dir_all(board.path("in/answers")).unwrap();
    std::fs::create_dir_all(board.path("in/done")).unwrap();
    // Of the first the records were not put aside yet, of the second they were, under a number, and there is a new file.
    board.write("in/first.jsonl", "{}\n");
    board.write("in/answers/first.jsonl.whole", "the answers of the first\n");
    board.write("in/done/second.jsonl.2", "{}\n");
    board.write("in/answers/second.jsonl.2.whole", "the answers of the second\n");
    board.write("in/second.jsonl", &format!("{}\n", record()));
    let daemon = board.start(|command| command);
    appears(&board.path("in/done/second.jsonl"));
    let text = |name: &str| std::fs::read_to_string(board.path(name)).unwrap();
    assert_eq!(text("in/answers/first.jsonl.answers"), "the answers of the first\n");
    assert_eq!(text("in/answers/second.jsonl.2.answers"), "the answers of the second\n");
    assert!(board.path("in/done/first.jsonl").exists() && !board.path("in/first.jsonl").exists());
    daemon.stop();
}

#[test]
fn a_second_file_of_a_name_replaces_nothing_and_one_that_fails_holds_up_no_other() {
    let board = watching();
    let daemon = board.start(|command| command);
    let long = format!("in/{}.jsonl", "a".repeat(245));
    board.write(&long, &format!("{}\n", record()));
    for done in ["in/done/some.jsonl", "in/done/some.jsonl.2"] {
        board.write("in/some.jsonl", &format!("{}\n", record()));
        appears(&board.path(done));
    }
    appears(&board.path("in/answers/some.jsonl.2.answers"));
    assert_eq!(lines(&board.path("in/answers/some.jsonl.answers")).len(), 1);
    assert!(board.path(&long).exists());
    assert!(daemon.stop().contains("File name too long"));
}
