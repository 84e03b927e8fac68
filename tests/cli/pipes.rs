//! Pipes: a reader that goes away ends the command in order.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use dunlin_tests::binary;
use dunlin_tests::fixture::records;

use crate::program::Desk;

/// Runs a command whose output nobody reads, or reads one line of, and gives its exit code and what it said.
fn into_a_closed_pipe(desk: &Desk, arguments: &[&str], input: &str, lines: usize) -> (Option<i32>, String) {
    let mut child = Command::new(binary())
        .args(arguments)
        .current_dir(desk.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut reader = BufReader::new(child.stdout.take().expect("it is piped"));
    if lines == 0 {
        drop(reader);
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    } else {
        let mut stdin = child.stdin.take().expect("it is piped");
        let input = input.to_owned();
        let writing = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let mut line = String::new();
        (0..lines).for_each(|_| assert!(reader.read_line(&mut line).expect("it is text") > 0));
        drop(reader);
        writing.join().expect("it ends");
    }
    let done = child.wait_with_output().expect("it ends");
    (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn every_command_ends_in_order_when_nobody_reads_what_it_prints() {
    let desk = Desk::new();
    let commands = [
        (&["inspect", "tiny.dunlin"][..], 0),
        (&["--json", "inspect", "tiny.dunlin"], 0),
        (&["verify", "tiny.dunlin", "--key", "test.pub"], 0),
        (&["completions", "bash"], 0),
        (&["--json", "verify", "missing.dunlin", "--key", "test.pub"], 1),
        (&["predict", "tiny.dunlin", "--key", "test.pub"], 0),
    ];
    for (arguments, code) in commands {
        let (ended, said) = into_a_closed_pipe(&desk, arguments, "", 0);
        assert_eq!(ended, Some(code), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    }
}

#[test]
fn predict_into_head_ends_in_order_and_what_it_answered_is_in_the_journal() {
    let desk = Desk::new();
    let input: String =
        records().iter().cycle().take(20_000).map(|r| serde_json::json!(r).to_string() + "\n").collect();
    let (ended, said) =
        into_a_closed_pipe(&desk, &["predict", "tiny.dunlin", "--key", "test.pub", "--dir", "d"], &input, 1);
    assert_eq!(ended, Some(0), "{said}");
    let reader = dunlin::journal::Reader::open(&desk.path("d")).expect("it was closed in order");
    let rows = reader.totals().expect("readable").predictions;
    assert!((1..20_000).contains(&rows), "{rows} rows");
    reader.check().expect("the journal is whole");
}
