//! A sensor that the daemon samples itself: a program, the kernel's files, and sensors that fail.

use std::time::Duration;

use dunlin::journal::Reader;
use serde_json::{Value, json};

use crate::board::{Board, Client, Daemon, code};

/// A board whose model takes windows of four samples of a shell script, which may wait for the file `go`.
fn sampling(script: &str, more: &str) -> Board {
    let board = Board::new();
    board.write("sample", &script.replace("GO", &format!("until [ -e {:?} ]; do sleep 0.01; done", board.path("go"))));
    let command = format!("command = [\"sh\", {:?}]", board.path("sample"));
    board.takes_windows(&format!("[sensor]\nfeature = \"samples\"\nrate_hz = 1000\n{command}\n{more}"));
    board
}

/// Starts it, follows it, and lets the sensor go.
fn follow(board: &Board) -> (Daemon, Client) {
    let daemon = board.start(|command| command);
    let mut client = board.client();
    assert_eq!(client.ask(&json!({"follow": "sensor"})), json!({"following": "sensor"}));
    board.write("go", "");
    (daemon, client)
}

fn probability(client: &mut Client) -> f64 {
    let answer = client.line().unwrap();
    answer["outputs"]["level"]["values"][0].as_f64().unwrap_or_else(|| panic!("{answer}"))
}

/// Waits until samples were missed so often.
fn gaps(board: &Board, count: u64) {
    let is_so = (0..300).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        board.ctl("status").1["sensor"]["gaps"].as_u64().is_some_and(|gaps| gaps >= count)
    });
    assert!(is_so, "there are no {count} gaps");
}

fn logistic(sum: f64) -> f64 {
    1.0 / (1.0 + (-sum).exp())
}

#[test]
fn windows_of_a_programs_samples_are_answered_in_order_and_are_on_the_record() {
    let board =
        sampling("GO; seq 1 10; exec sleep 1000", "hop = 2\noffset = -5\nscale = 0.5\nwith = { place = \"cellar\" }");
    let (daemon, mut client) = follow(&board);
    for start in [1, 3, 5, 7] {
        let sum = (start..start + 4).map(|raw| (f64::from(raw) - 5.0) * 0.5).sum::<f64>();
        let found = probability(&mut client);
        assert!((found - logistic(sum)).abs() < 1e-5, "window from {start}: {found}");
    }
    daemon.stop();
    assert_eq!(client.line(), None, "whoever follows is told of the end");
    let rows = Reader::open(&board.path("state")).unwrap().newest(None, 100).unwrap();
    assert_eq!(rows.len(), 4);
}

#[test]
fn what_is_no_number_and_a_sample_with_too_many_channels_spoil_their_windows_alone() {
    let board = sampling(
        "GO; seq 1 4; echo nan; seq 1 3; echo broken; seq 1 3; echo 1 2; seq 2 4; yes nan | head -4; seq 1 4; exec sleep 1000",
        "",
    );
    let (daemon, mut client) = follow(&board);
    assert!((probability(&mut client) - logistic(10.0)).abs() < 1e-5);
    for _ in 0..4 {
        let answer = client.line().unwrap();
        assert_eq!((code(&answer), &answer["error"]["feature"]), ("non_finite", &json!("samples")));
    }
    assert!((probability(&mut client) - logistic(10.0)).abs() < 1e-5);
    daemon.stop();
}

#[test]
fn a_program_that_ends_is_begun_anew_and_no_window_joins_what_it_gave_before_and_after() {
    let board =
        sampling("GO; [ -e \"$0.again\" ] && { seq 11 14; exec sleep 1000; }; touch \"$0.again\"; seq 1 3; exit 7", "");
    let (daemon, mut client) = follow(&board);
    assert!((probability(&mut client) - logistic(50.0)).abs() < 1e-5);
    let status = board.ctl("status").1;
    assert_eq!((&status["sensor"]["windows"], &status["sensor"]["gaps"]), (&json!(1), &json!(1)));
    let log = daemon.stop();
    assert!(log.contains("its program has ended (exit status: 7)"), "{log}");
}

#[test]
fn a_stuck_sensor_is_told_from_its_samples_and_one_that_hangs_from_its_silence() {
    let board = sampling("GO; yes 3 | head -12; exec sleep 1000", "");
    let (daemon, mut client) = follow(&board);
    for _ in 0..3 {
        let answer = client.line().unwrap();
        assert_eq!((code(&answer), &answer["error"]["feature"]), ("constant", &json!("samples")));
    }
    assert_eq!(board.ctl("status").1["sensor"]["frozen"], 3);
    gaps(&board, 1);
    let log = daemon.stop();
    assert!(log.contains("every sample of a window is the same") && log.contains("whether the sensor hangs"), "{log}");
}

#[test]
fn files_of_the_kernel_are_read_in_equal_steps() {
    let board = Board::new();
    let file = board.path("in_accel_z_raw");
    board.write("in_accel_z_raw", "2\n");
    board.takes_windows(&format!(
        "[sensor]\nfeature = \"samples\"\nrate_hz = 50\nhop = 1\niio = [{file:?}]\nscale = 0.5\nallow_constant = true\n"
    ));
    let (daemon, mut client) = follow(&board);
    assert!((probability(&mut client) - logistic(4.0)).abs() < 1e-5);
    board.write("in_accel_z_raw", "-2\n");
    let is_low = |answer: &Value| answer["outputs"]["level"]["class"] == "low";
    assert!((0..200).any(|_| is_low(&client.line().unwrap())));
    std::fs::remove_file(&file).unwrap();
    assert!(client.line().is_some(), "an open file goes on");
    daemon.stop();
    let daemon = board.start(|command| command);
    gaps(&board, 1);
    let log = daemon.stop();
    assert!(log.contains("in_accel_z_raw") && log.contains("check sensor.iio"), "{log}");
}

#[test]
fn a_sensor_that_does_not_fit_the_model_is_refused_at_the_start() {
    let board = Board::new();
    for (sensor, words) in [
        ("feature = \"sample\"\ncommand = [\"true\"]", "no feature 'sample'"),
        ("feature = \"place\"\ncommand = [\"true\"]", "no tensor of F32"),
        ("feature = \"samples\"\niio = [\"/a\", \"/b\"]", "1 channels, and sensor.iio names 2 files"),
        ("feature = \"samples\"\ncommand = [\"true\"]\nwith = { plaice = \"roof\" }", "no feature 'plaice'"),
        ("feature = \"samples\"\ncommand = []", "sensor.command"),
        ("feature = \"samples\"\ncommand = [\"true\"]\niio = [\"/a\"]", "not both"),
        ("feature = \"samples\"\ncommand = [\"true\"]\nhop = 0", "sensor.hop"),
        ("feature = \"samples\"\ncommand = [\"true\"]\nscale = nan", "sensor.scale"),
    ] {
        board.takes_windows(&format!("[sensor]\nrate_hz = 1000\n{sensor}\n"));
        let (found, log) = board.ends(|command| command);
        assert!(found == 3 && log.contains(words), "{sensor}: {found}: {log}");
    }
}

#[test]
fn a_program_that_closes_its_output_and_runs_on_is_ended_with_what_it_has_started() {
    let board = sampling("GO; sleep 4321 & echo $! > \"$0.child\"; seq 1 4; exec >&-; sleep 4321", "");
    let (daemon, mut client) = follow(&board);
    assert!((probability(&mut client) - logistic(10.0)).abs() < 1e-5);
    // The shell's child holds the output open; its silence gives it away.
    gaps(&board, 1);
    let child = std::fs::read_to_string(board.path("sample.child")).unwrap();
    let log = daemon.stop();
    assert!(log.contains("hangs") || log.contains("has ended"), "{log}");
    let is_gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        let state = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        state.is_empty() || state.contains(") Z ")
    });
    assert!(is_gone, "{child} runs on");
}

#[test]
fn nobody_can_follow_where_there_is_no_sensor() {
    let board = Board::new();
    let daemon = board.start(|command| command);
    assert_eq!(code(&board.client().ask(&json!({"follow": "sensor"}))), "no_sensor");
    daemon.stop();
}
