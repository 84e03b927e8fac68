//! `dunlin watch` where there is no terminal: one snapshot, also beside a process that writes.

use dunlin::{Config, Record, Runtime};
use dunlin_tests::fixture::records;
use serde_json::json;

use crate::program::Desk;

#[test]
fn without_a_terminal_one_snapshot_is_printed_without_colours_while_another_process_writes() {
    let desk = Desk::new();
    let runtime = Runtime::open(Config::new(desk.path("device"), desk.key.trusted()));
    runtime.install(&desk.path("tiny.dunlin")).expect("the bundle is good");
    runtime.flush().expect("the folder is in order");
    desk.run(&["watch", "device"]).expect(0, &["predictions  0 ever", "none has answered yet"]);
    let mut session = runtime.session("tiny").expect("it is installed");
    for record in records() {
        let record = Record::from_json(session.schema(), &record).expect("the record is good");
        session.predict(&record).expect("it is answered");
    }
    runtime.flush().expect("the folder is in order");
    let ended = desk.run(&["watch", "device"]);
    ended.expect(
        0,
        &[
            "predictions  8 ever",
            "tiny 1.2.3 (sequence 7)",
            "8 records since 20",
            "alarms       none open",
            "losses       none",
        ],
    );
    assert!(!ended.out.contains('\x1b'), "{}", ended.out);
    let lines = desk.run(&["--json", "watch", "device"]).json();
    assert_eq!((lines.len(), &lines[0]["predictions"], &lines[0]["models"][0]["open_rows"]), (1, &json!(8), &json!(8)));
}

#[test]
fn drift_alarms_and_what_waits_are_on_the_screen() {
    let desk = Desk::new();
    let lines: String = records().iter().map(|record| json!(record).to_string() + "\n").collect();
    desk.write("records.jsonl", lines);
    let common = ["simulate", "tiny.dunlin", "--key", "test.pub", "--records", "records.jsonl", "--dir", "device"];
    desk.run(&[&common[..], &["--count", "1200", "--window-rows", "200", "--shift", "freeze:visits"][..]].concat())
        .expect(0, &[]);
    let ended = desk.run(&["watch", "device"]);
    ended.expect(0, &["this device's past", "visits", "ALARM", "6 waiting (6 windows", "since 20", "accept"]);
}

#[test]
fn a_folder_that_is_none_is_named() {
    Desk::new().run(&["watch", "device"]).expect(6, &["device", "check the path"]);
    Desk::new().run(&["watch", "device", "--interval", "1"]).expect(2, &["100"]);
}
