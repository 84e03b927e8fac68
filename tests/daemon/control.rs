//! `dunlin ctl`, the command, and the daemon that it asks.

use dunlin_tests::challenger::biased;
use serde_json::json;

use crate::board::{Board, record};

#[test]
fn the_command_tells_which_model_answers_and_what_has_happened() {
    let board = Board::new();
    let daemon = board.start(|command| command);
    board.client().ask(&record());
    let (exit, status) = board.ctl("status");
    assert_eq!((exit, &status["model"]["model_id"], &status["model"]["version"]), (0, &json!("tiny"), &json!("1.2.3")));
    assert_eq!(status["health"]["journal"]["status"], "ok");
    let (exit, events) = board.ctl("events");
    assert!(exit == 0 && events["events"].as_array().is_some_and(|events| !events.is_empty()), "{events}");
    let told = board.ctl_text("status");
    assert!(told.contains("tiny 1.2.3 (sequence 7)") && told.contains("none is open"), "{told}");
    assert!(board.ctl_text("events").contains("Events:"));
    daemon.stop();
}

#[test]
fn the_command_throws_the_active_version_out() {
    let board = Board::new();
    let daemon = board.start(|command| command);
    let (exit, told) = board.ctl("rollback");
    assert_eq!((exit, &told["error"]["code"]), (1, &json!("no_previous")));
    board.pack("tiny.dunlin", &biased(8, [0.0; 3]));
    daemon.signal("HUP");
    let mut client = board.client();
    while client.ask(&record())["model_version"] != "1.2.8" {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(board.ctl("rollback").1["version"], "1.2.3");
    assert_eq!(client.ask(&record())["model_version"], "1.2.3");
    assert!(daemon.stop().contains("somebody asked for it"));
}

#[test]
fn without_a_receiver_or_without_a_daemon_the_command_says_what_is_missing() {
    let board = Board::new();
    let daemon = board.start(|command| command);
    let (exit, told) = board.ctl("sync");
    assert!(exit == 8 && told["trouble"].as_str().unwrap().contains("receiver.url"), "{exit}: {told}");
    daemon.stop();
    let (exit, told) = board.ctl("status");
    assert_eq!((exit, &told["error"]["code"]), (1, &json!("no_daemon")));
}
