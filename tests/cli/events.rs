//! `dunlin events`: what is the matter, and what has happened, read beside a process that writes.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use dunlin::monitor::MonitorConfig;
use dunlin::{Config, Record, Runtime, Session};
use dunlin_tests::binary;
use dunlin_tests::fixture::records;
use serde_json::json;

use crate::program::Desk;

/// Opens the folder `device` with small windows.
fn open(desk: &Desk) -> (Runtime, Session) {
    let config = Config::new(desk.path("device"), desk.key.trusted());
    let runtime = Runtime::open(config.monitor(MonitorConfig { window_rows: 200, ..MonitorConfig::default() }));
    runtime.install(&desk.path("tiny.dunlin")).expect("the bundle is good");
    let session = runtime.session("tiny").expect("it is installed");
    (runtime, session)
}

/// Answers rows; with `colour`, all of them of that colour.
fn predict(runtime: &Runtime, session: &mut Session, rows: usize, colour: Option<&str>) {
    for (row, record) in records().iter().cycle().take(rows).enumerate() {
        let mut record = record.clone();
        record.insert("colour".to_owned(), json!(colour.unwrap_or(["red", "green", "blue"][row * 7 % 3])));
        session.predict(&Record::from_json(session.schema(), &record).expect("it is good")).expect("it is answered");
    }
    runtime.flush().expect("the folder is in order");
}

#[test]
fn an_open_alarm_says_what_since_when_how_sure_and_what_to_do_and_is_over_some_time() {
    let desk = Desk::new();
    let (runtime, mut session) = open(&desk);
    predict(&runtime, &mut session, 600, None);
    desk.run(&["events", "device"]).expect(0, &["model installed", "tiny 1.2.3"]);
    predict(&runtime, &mut session, 200, Some("red"));
    // The process that writes is still there.
    let ended = desk.run(&["events", "device"]);
    ended.expect(
        0,
        &["ALARM", "'colour'", "since 20", "UTC", "how sure: ", "what to do: look at what feeds this feature"],
    );
    let lines = desk.run(&["events", "device", "--json"]).json();
    let alarm = lines.iter().find(|line| line["type"] == "alarm" && line["kind"] == "drift").expect("it is open");
    assert_eq!(
        (&alarm["subject"], &alarm["open"], &alarm["severity"]),
        (&json!("colour"), &json!(true), &json!("alarm"))
    );
    assert!(alarm["since"].as_str().is_some_and(|since| since.starts_with("20") && since.ends_with('Z')), "{alarm}");
    assert!(lines.iter().any(|line| line["type"] == "event" && line["kind"] == "alarm"), "{lines:?}");

    predict(&runtime, &mut session, 200, None);
    let ended = desk.run(&["events", "device"]);
    ended.expect(0, &["alarm cleared"]);
    assert!(!ended.out.contains("ALARM"), "{}", ended.out);
    desk.run(&["events", "device", "--all"]).expect(0, &["over since"]);
    let limited = desk.run(&["events", "device", "--limit", "1", "--json"]).json();
    assert_eq!(limited.iter().filter(|line| line["type"] == "event").count(), 1);
}

#[test]
fn followed_events_come_as_they_happen_and_ctrl_c_ends_it_in_order() {
    let desk = Desk::new();
    let (runtime, mut session) = open(&desk);
    predict(&runtime, &mut session, 600, None);
    let mut child = Command::new(binary())
        .args(["events", "device", "--follow", "--json"])
        .current_dir(desk.path(""))
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("model_installed")));
    predict(&runtime, &mut session, 200, Some("blue"));
    assert!(lines.any(|line| line.contains("\"kind\":\"alarm\"") && line.contains("colour")));
    end(&mut child);
    assert_eq!(lines.count(), 0);
}

#[test]
fn a_folder_that_is_none_or_of_an_earlier_version_is_told_what_to_do() {
    let desk = Desk::new();
    desk.run(&["events", "device"]).expect(6, &["device", "check the path"]);
    std::fs::create_dir(desk.path("device")).expect("a new folder");
    desk.run(&["events", "device"]).expect(6, &["predict first"]);
    // What an earlier version, and a version that was stopped at its very beginning, leave behind.
    desk.write("device/journal.db", "");
    desk.run(&["events", "device"]).expect(6, &["earlier version", "open the runtime once", "dunlin predict --dir"]);
    desk.write(
        "device/journal.db",
        "not a database at all, but long enough to be looked at as if it were one".repeat(20),
    );
    desk.run(&["events", "device", "--json"]).expect(6, &["journal.db"]);
}

#[cfg(unix)]
fn end(child: &mut std::process::Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("there is a kill").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[cfg(not(unix))]
fn end(child: &mut std::process::Child) {
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}
