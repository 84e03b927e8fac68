//! Programs that are told of answers, as often as they want and no oftener.

use std::time::Duration;

use serde_json::{Value, json};

use crate::board::{Board, Client};

/// A board with the model `level` and one sink that notes what it is told.
fn noting(sink: &str) -> Board {
    let board = Board::new();
    let script = format!("cat >> {:?}", board.path("told"));
    board.takes_windows(&format!("[[sink]]\ncommand = [\"sh\", \"-c\", '{script}']\n{sink}\n"));
    board
}

fn ask(client: &mut Client, sum: f64) -> Value {
    client.ask(&json!({"samples": [sum, 0, 0, 0]}))
}

/// What it has been told, once it is so much.
fn told(board: &Board, count: usize) -> Vec<Value> {
    for _ in 0..500 {
        let text = std::fs::read_to_string(board.path("told")).unwrap_or_default();
        if text.lines().count() >= count {
            return text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it was not told {count} times");
}

#[test]
fn a_sink_is_told_of_its_verdict_once_in_its_interval_and_how_many_it_was_not_told_of() {
    let board = noting("verdict = [\"abstain\"]\nmin_interval_seconds = 1");
    let daemon = board.start(|command| command);
    let mut client = board.client();
    assert_eq!(ask(&mut client, 3.0)["verdict"], "accept");
    let first = ask(&mut client, 0.1);
    (0..10).for_each(|_| drop(ask(&mut client, 0.1)));
    assert_eq!(told(&board, 1)[0]["id"], first["id"]);
    std::thread::sleep(Duration::from_millis(1100));
    let second = ask(&mut client, 0.1);
    let told = told(&board, 2);
    assert_eq!(
        (&told[0]["suppressed"], &told[1]["suppressed"], &told[1]["id"]),
        (&json!(0), &json!(10), &second["id"])
    );
    daemon.stop();
}

#[test]
fn a_sink_may_want_a_class_or_refusals() {
    let board = noting("class = [\"high\"]\nmin_interval_seconds = 0");
    let daemon = board.start(|command| command);
    let mut client = board.client();
    ask(&mut client, -3.0);
    let high = ask(&mut client, 3.0);
    assert_eq!(told(&board, 1)[0]["id"], high["id"]);
    daemon.stop();

    let board = noting("verdict = [\"refused\"]");
    let daemon = board.start(|command| command);
    let mut client = board.client();
    ask(&mut client, 3.0);
    ask(&mut client, 3e9);
    assert_eq!(told(&board, 1)[0]["error"]["code"], "out_of_domain");
    daemon.stop();
}

#[test]
fn a_sink_that_hangs_or_is_not_there_holds_nothing_up() {
    let board = Board::new();
    board.takes_windows(
        "[[sink]]\ncommand = [\"sleep\", \"1000\"]\nverdict = [\"accept\"]\nmin_interval_seconds = 0\n\
         [[sink]]\ncommand = [\"/nowhere/alarm\"]\nverdict = [\"accept\"]\nmin_interval_seconds = 0\n",
    );
    let daemon = board.start(|command| command);
    let mut client = board.client();
    assert!((0..200).all(|_| ask(&mut client, 3.0)["verdict"] == "accept"));
    let log = daemon.stop();
    assert!(log.contains("/nowhere/alarm: cannot be started"), "{log}");
}

#[test]
fn a_sink_that_would_be_run_for_everything_or_for_nothing_is_refused() {
    let board = Board::new();
    for (sink, words) in [
        ("command = [\"true\"]", "sink.verdict is not set"),
        ("command = []\nverdict = [\"accept\"]", "sink.command"),
        ("command = [\"true\"]\nverdict = [\"acept\"]", "accept, abstain, refused"),
    ] {
        board.takes_windows(&format!("[[sink]]\n{sink}\n"));
        let (found, log) = board.ends(|command| command);
        assert!(found == 3 && log.contains(words), "{sink}: {found}: {log}");
    }
}
