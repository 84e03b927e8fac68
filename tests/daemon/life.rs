//! Starting, reloading, crashing, and ending in order.

use std::os::unix::net::UnixListener;
use std::process::Command;

use dunlin::journal::Reader;
use dunlin_tests::challenger::biased;
use dunlin_tests::small_disk;

use crate::board::{Board, record};

#[test]
fn a_board_on_which_no_model_can_answer_does_not_start() {
    let board = Board::new();
    board.write("tiny.dunlin", "no bundle");
    let (code, log) = board.ends(|command| command);
    assert_eq!(code, 4, "{log}");
    assert!(log.contains("tiny.dunlin"), "{log}");
}

#[test]
fn a_bundle_that_is_refused_leaves_the_installed_one_answering() {
    let board = Board::new();
    board.start(|command| command).stop();
    board.write("tiny.dunlin", "no bundle");
    let daemon = board.start(|command| command);
    assert_eq!(board.client().ask(&record())["model_version"], "1.2.3");
    assert!(daemon.stop().contains("the installed one answers on"));
}

#[test]
fn a_socket_that_is_somebody_elses_is_left_alone_and_one_of_a_crash_is_taken_over() {
    let board = Board::new();
    board.write("socket", "a file");
    let (code, log) = board.ends(|command| command);
    assert!(code == 7 && log.contains("no socket"), "{code}: {log}");
    std::fs::remove_file(board.path("socket")).unwrap();

    let other = UnixListener::bind(board.path("socket")).unwrap();
    let (code, log) = board.ends(|command| command);
    assert!(code == 7 && log.contains("another process answers"), "{code}: {log}");
    drop(other);

    let daemon = board.start(|command| command);
    let answer = board.client().ask(&record());
    daemon.signal("KILL");
    assert!(!daemon.end().0.success());
    let daemon = board.start(|command| command);
    assert_eq!(board.client().ask(&record())["verdict"], "accept");
    daemon.stop();
    let id = answer["id"].as_str().unwrap().parse().unwrap();
    let row = Reader::open(&board.path("state")).unwrap().prediction(id).unwrap();
    assert!(row.is_some(), "what was acknowledged with durability sync is there after a crash");
}

#[test]
fn what_was_sent_before_the_end_is_answered_before_the_end() {
    let board = Board::new();
    let daemon = board.start(|command| command);
    let mut client = board.client();
    client.ask(&record());
    let lines = format!("{}\n", record()).repeat(200);
    client.send(lines.as_bytes()).unwrap();
    let reading = std::thread::spawn(move || std::iter::from_fn(|| client.line()).count());
    daemon.stop();
    assert_eq!(reading.join().unwrap(), 200);
    assert!(!board.path("socket").exists());
}

#[test]
fn a_client_that_takes_no_answers_does_not_hold_up_the_end() {
    let board = Board::new();
    let daemon = board.start(|command| command);
    let mut client = board.client();
    let lines = format!("{}\n", record()).repeat(2_000);
    // More than the socket holds: the rest of it is never taken.
    client.patience(std::time::Duration::from_secs(1));
    let _ = client.send(lines.as_bytes());
    daemon.stop();
}

#[test]
fn a_reload_takes_a_new_bundle_into_open_connections_and_a_wrong_configuration_changes_nothing() {
    let board = Board::new();
    let daemon = board.start(|command| command);
    let mut client = board.client();
    assert_eq!(client.ask(&record())["model_version"], "1.2.3");
    board.write("dunlind.toml", "nonsense = 1");
    daemon.signal("HUP");
    board.write("dunlind.toml", "");
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(client.ask(&record())["model_version"], "1.2.3");

    board.write("dunlind.toml", &board.config(""));
    board.pack("tiny.dunlin", &biased(8, [0.0; 3]));
    daemon.signal("HUP");
    let newer = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        client.ask(&record())["model_version"] == "1.2.8"
    });
    assert!(newer);
    let log = daemon.stop();
    assert!(log.contains("the configuration stays as it was") && log.contains("tiny 1.2.8 is installed"), "{log}");
}

#[test]
fn the_watchdog_is_told_as_often_as_it_asks() {
    let board = Board::new();
    let daemon = board.start(|command: &mut Command| command.env("WATCHDOG_USEC", "200000"));
    daemon.says("WATCHDOG=1");
    daemon.says("WATCHDOG=1");
    daemon.stop();
}

#[test]
fn a_state_directory_that_cannot_be_written_is_told_and_records_are_answered_all_the_same() {
    let board = Board::new();
    board.write("state", "a file lies where the folder should be");
    let daemon = board.start(|command| command);
    let answer = board.client().ask(&record());
    assert_eq!((&answer["verdict"], &answer["model_version"]), (&"accept".into(), &"1.2.3".into()));
    daemon.signal("TERM");
    let (status, log) = daemon.end();
    assert_eq!(status.code(), Some(6), "{log}");
    assert!(log.contains("held in memory") && log.contains("ERROR"), "{log}");
}

#[test]
fn a_data_partition_that_is_full_is_told_and_records_are_answered_before_and_after_there_is_room() {
    small_disk::run(
        "life::a_data_partition_that_is_full_is_told_and_records_are_answered_before_and_after_there_is_room",
        |disk| {
            let board = Board::new();
            let state = format!("state_directory = {:?}", board.path("state").display().to_string());
            let on_disk = format!("state_directory = {:?}", disk.join("state").display().to_string());
            board.write("dunlind.toml", &board.config("").replace(&state, &on_disk));
            let daemon = board.start(|command| command);
            let mut client = board.client();
            let before = client.ask(&record());
            small_disk::fill(&disk.join("ballast"));
            assert!((0..300).all(|_| client.ask(&record())["verdict"] == "accept"));
            let (exit, status) = board.ctl("status");
            assert_eq!((exit, &status["health"]["journal"]["status"]), (6, &"degraded".into()), "{status}");
            assert!(
                status["health"]["journal"]["remedy"].as_str().is_some_and(|remedy| remedy.contains("space")),
                "{status}"
            );
            std::fs::remove_file(disk.join("ballast")).unwrap();
            let kept = (0..100).any(|_| {
                std::thread::sleep(std::time::Duration::from_millis(100));
                client.ask(&record());
                board.ctl("status").0 == 0
            });
            assert!(kept, "there is room again");
            let after = client.ask(&record());
            daemon.stop();
            let reader = Reader::open(&disk.join("state")).unwrap();
            for answer in [before, after] {
                let id = answer["id"].as_str().unwrap().parse().unwrap();
                assert!(reader.prediction(id).unwrap().is_some(), "{id}");
            }
        },
    );
}
