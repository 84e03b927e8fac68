//! Personal data planted in records: in no byte of journal, log, report, events, or what a receiver holds, unless its class
//! says so.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use dunlin_tests::binary;
use dunlin_tests::fixture::{records, tiny_parts};
use serde_json::json;

use crate::program::Desk;

const NAME: &str = "Wilhelmina Featherstonehaugh";
const CARD: &str = "4929-1234-5678-9012";
const LATITUDE: f64 = 52.370_216_875_3;
/// Declared as plain: may stand in the journal, and nowhere else.
const PLAIN: &str = "chosen-by-the-app-8812";

/// `tiny` with features that hold personal data: undeclared, dropped, hashed, plain.
fn nosy() -> dunlin_bundle::Parts {
    let mut parts = tiny_parts();
    let optional = |value: serde_json::Value| json!({"policy": "impute", "value": value});
    for feature in [
        json!({"name": "name", "type": "TEXT", "missing": optional(json!(""))}),
        json!({"name": "card", "type": "TEXT", "privacy": "drop", "missing": optional(json!(""))}),
        json!({"name": "latitude", "type": "NUMBER", "privacy": "drop", "missing": optional(json!(0))}),
        json!({"name": "pin", "type": "TEXT", "privacy": "hash", "missing": optional(json!(""))}),
        json!({"name": "note", "type": "TEXT", "privacy": "plain", "missing": optional(json!(""))}),
    ] {
        parts.schema.feature.push(serde_json::from_value(feature).unwrap());
    }
    parts
}

/// Records with canaries in every personal feature, and as levels, labels and names of features that are none.
fn planted() -> String {
    let mut lines = String::new();
    for mut record in records() {
        record.extend(
            json!({"name": NAME, "card": CARD, "latitude": LATITUDE, "pin": CARD, "note": PLAIN, "colour": NAME})
                .as_object()
                .unwrap()
                .clone(),
        );
        // Rows keep the levels of a plain category: this one must not.
        record.insert("colour".to_owned(), json!("red"));
        lines.push_str(&json!({"record": record, "label": "high"}).to_string());
        lines.push('\n');
    }
    lines
}

fn said(desk: &Desk, arguments: &[&str]) -> String {
    let mut command = Command::new(binary());
    command.args(arguments).env("RUST_LOG", "trace").current_dir(desk.path("")).stdin(Stdio::null());
    let done = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{arguments:?}: {text}");
    text
}

fn found(bytes: &[u8], canaries: &[&str]) -> Vec<String> {
    let holds = |canary: &&&str| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
    canaries.iter().filter(holds).map(|canary| (*canary).to_owned()).collect()
}

fn search(folder: &Path, canaries: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let inside =
            if path.is_dir() { search(&path, canaries) } else { found(&std::fs::read(&path).unwrap(), canaries) };
        all.extend(inside.into_iter().map(|canary| format!("{canary} in {}", path.display())));
    }
    all
}

struct Serving(Child, String);

impl Serving {
    fn start(desk: &Desk) -> Self {
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data", "cloud"]).current_dir(desk.path(""));
        let mut serving = Self(command.stdout(Stdio::piped()).spawn().unwrap(), String::new());
        let mut line = String::new();
        BufReader::new(serving.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        serving.1 = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        serving
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn planted_canaries_leave_by_no_way() {
    let desk = Desk::new();
    desk.bundle("nosy.dunlin", nosy());
    desk.write("planted.jsonl", planted());
    let mut spoken = said(
        &desk,
        &[
            "simulate",
            "nosy.dunlin",
            "--dir",
            "device",
            "--key",
            "test.pub",
            "--records",
            "planted.jsonl",
            "--count",
            "200",
            "--window-rows",
            "50",
            "--labels",
            "1",
            "--shift",
            "add:visits=50",
            "--shift-after",
            "100",
        ],
    );
    let serving = Serving::start(&desk);
    spoken += &said(&desk, &["sync", "device", "--url", &serving.1]);
    spoken += &said(&desk, &["events", "device", "--all"]);
    spoken += &said(&desk, &["report", "device", "--out", "report.html"]);
    spoken += &said(&desk, &["report", "device", "--json"]);
    drop(serving);
    let position = LATITUDE.to_string();
    let personal =
        [NAME, "Wilhelmina", "wilhelmina", CARD, "5678-9012", position.as_str(), &position[..9], "Featherstonehaugh"];
    let everywhere: Vec<&str> = personal.iter().copied().chain([PLAIN]).collect();
    assert_eq!(search(&desk.path("device"), &personal), [""; 0], "the journal");
    assert!(!search(&desk.path("device"), &[PLAIN]).is_empty(), "what is declared plain is in the journal");
    assert_eq!(search(&desk.path("cloud"), &everywhere), [""; 0], "what the receiver holds");
    assert_eq!(found(&std::fs::read(desk.path("report.html")).unwrap(), &everywhere), [""; 0], "the report");
    assert_eq!(found(spoken.as_bytes(), &everywhere), [""; 0], "log and output");
    assert!(spoken.contains("accepted") || spoken.contains("delivered"), "something was sent: {spoken}");
}
