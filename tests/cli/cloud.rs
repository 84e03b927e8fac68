//! `dunlin predict --cloud`: what nobody here can answer is asked elsewhere, and the line says what came of it.

use dunlin_bundle::Parts;
use dunlin_tests::fixture::tiny_parts;
use serde_json::{Value, json};

use crate::program::{Desk, Ended};
use crate::receiver::{Receiver, Say};

/// The small model, without a baseline, all of whose features may leave.
fn desk() -> Desk {
    let desk = Desk::new();
    let mut parts: Parts = tiny_parts();
    parts.schema.feature.iter_mut().for_each(|feature| feature.may_leave = true);
    (parts.baseline, parts.reference.baseline_guard) = (None, None);
    desk.bundle("tiny.dunlin", parts);
    desk
}

/// A record that is answered here, and one that lies far from the training sample.
fn records() -> String {
    let record = |visits: u64| json!({"age": 35.0, "visits": visits, "colour": "blue", "member": true});
    format!("{}\n{}\n", record(4), record(1_000_000))
}

fn predict(desk: &Desk, url: &str, more: &[&str]) -> Ended {
    desk.predict(&[&["--dir", "device", "--cloud", url], more].concat(), records())
}

fn says(status: u16, body: &Value) -> Say {
    Say::This(status, String::new(), body.to_string())
}

fn tiers(data: &Value) -> Value {
    json!({"model_name": "tiny", "outputs": [{"name": "tier", "shape": [1, 3], "datatype": "FP32", "data": data}]})
}

#[test]
fn the_cloud_answers_for_the_one_record_that_nobody_here_can() {
    let desk = desk();
    let receiver = Receiver::saying([says(200, &tiers(&json!([0.1, 0.8, 0.1])))]);
    desk.write("token", "correct-horse-battery-staple");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(desk.path("token"), PermissionsExt::from_mode(0o600)).expect("it is ours");
    }
    let ended = predict(&desk, receiver.url(), &["--strict", "--token-file", "token"]);
    ended.expect(0, &["2 answered, 0 without an answer"]);
    let lines = ended.json();
    assert_eq!((&lines[0]["answered_by"], lines[0].get("fallback")), (&json!("model"), None));
    assert_eq!((&lines[1]["answered_by"], &lines[1]["verdict"]), (&json!("cloud"), &json!("abstain")));
    assert_eq!(lines[1]["outputs"]["tier"]["class"], "middle");
    assert_eq!(lines[1]["fallback"], json!({"status": "resolved", "reason": null}));
    let seen = receiver.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].head.starts_with("POST /v2/models/tiny/infer HTTP/1.1\r\n"), "{}", seen[0].head);
    assert!(seen[0].head.contains("Bearer correct-horse-battery-staple"));
    let sent: Value = serde_json::from_slice(&seen[0].body).expect("it is JSON");
    assert_eq!(sent["id"], lines[1]["id"]);
}

#[test]
fn an_answer_that_is_none_leaves_the_line_as_it_was_and_says_why() {
    let desk = desk();
    let cases = [
        (says(503, &json!({})), "status"),
        (says(401, &json!({})), "unwelcome"),
        (Say::This(200, String::new(), "<html>Welcome to the hotel</html>".to_owned()), "not_the_protocol"),
        (says(200, &tiers(&json!([0.1, 0.8]))), "wrong_length"),
        (Say::Silence, "no_answer"),
    ];
    for (at, (say, reason)) in cases.into_iter().enumerate() {
        let receiver = Receiver::saying([say]);
        let folder = format!("device-{at}");
        let arguments = ["--dir", folder.as_str(), "--cloud", receiver.url(), "--cloud-deadline", "300"];
        let ended = desk.predict(&arguments, records());
        ended.expect(0, &["1 answered, 1 without an answer"]);
        let line = &ended.json()[1];
        assert_eq!((&line["answered_by"], &line["outputs"]), (&json!("none"), &Value::Null));
        assert_eq!((&line["fallback"]["status"], &line["fallback"]["reason"]), (&json!("failed"), &json!(reason)));
    }
}

#[test]
fn the_budget_holds_from_one_run_to_the_next() {
    let desk = desk();
    let receiver = Receiver::saying([says(200, &tiers(&json!([0.1, 0.8, 0.1])))]);
    predict(&desk, receiver.url(), &["--cloud-budget", "1"]).expect(0, &["2 answered"]);
    let ended = predict(&desk, receiver.url(), &["--cloud-budget", "1"]);
    ended.expect(0, &["1 answered, 1 without an answer"]);
    assert_eq!((ended.json()[1].get("fallback"), receiver.seen().len()), (None, 1));
}

#[test]
fn without_a_folder_or_an_address_nothing_is_asked() {
    let desk = desk();
    let address = ["--cloud", "http://127.0.0.1:9"];
    desk.predict(&address, records()).expect(2, &["--cloud needs --dir", "remembered"]);
    desk.predict(&["--dir", "device", "--cloud", "nowhere"], records()).expect(2, &["'nowhere' is no URL"]);
    desk.predict(&["--dir", "device", "--cloud-budget", "1"], records()).expect(2, &["--cloud"]);
    assert!(!desk.path("device").exists(), "refused before anything was made");
}
