//! Summaries go out and models come in, over HTTP to the real server.

use std::process::Command;
use std::time::Duration;

use dunlin_tests::server::Server;
use serde_json::json;

use crate::board::{Board, code, record};

fn dunlin(board: &Board, words: &str) {
    let ended =
        Command::new(dunlin_tests::binary()).args(words.split(' ')).current_dir(board.path("")).output().unwrap();
    assert!(ended.status.success(), "{words}: {}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn a_board_whose_bundle_is_refused_gets_its_first_model_by_the_channel_and_its_summaries_arrive() {
    let board = Board::new();
    board.write("team.key", &board.key.secret_text());
    dunlin(
        &board,
        "channel init channel --root-key team.pub --channel-key team.pub --bundle-key team.pub --key team.key",
    );
    dunlin(&board, "publish tiny.dunlin --channel channel --percent 100 --key team.key");
    let server = Server::start(&board.path("served"), &board.path("channel"));
    let root = board.path("channel/root/1.json");
    let network = format!(
        "[receiver]\nurl = {:?}\nevery_seconds = 1\n[updates]\nroot = {root:?}\nchannel = \"stable\"\n",
        server.url()
    );
    board.write("broken.dunlin", "no bundle");
    board.write("dunlind.toml", &board.config(&network).replace("tiny.dunlin", "broken.dunlin"));
    let daemon = board.start(|command| command);
    let mut client = board.client();
    let mut answered = false;
    for _ in 0..200 {
        let answer = client.ask(&record());
        answered = answer["verdict"] == json!("accept");
        if answered {
            break;
        }
        assert_eq!(code(&answer), "no_session");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(answered);
    let log = daemon.stop();
    assert!(log.contains("broken.dunlin"), "{log}");
    assert!(log.contains("nobody answers until") && log.contains("answers from now on"), "{log}");
}

#[test]
fn a_receiver_that_is_not_there_is_no_reason_to_stop_answering() {
    let board = Board::new();
    board.write("dunlind.toml", &board.config("[receiver]\nurl = \"http://127.0.0.1:1\"\nevery_seconds = 1\n"));
    let daemon = board.start(|command| command);
    for _ in 0..100 {
        assert_eq!(board.client().ask(&record())["verdict"], "accept");
    }
    daemon.stop();
}
