//! `dunlin retrain`: trains where a device raised an alarm, and publishes nothing that has not won.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dunlin_tests::binary;
use serde_json::Value;

use crate::program::Desk;

/// A desk with the champion, and the folder of a server that nobody has told anything.
fn desk() -> (Desk, String) {
    let desk = Desk::new();
    let mut serving = Command::new(binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--data", "cloud", "--port-file", "port"])
        .current_dir(desk.path(""))
        .stdout(Stdio::null())
        .spawn()
        .expect("the server starts");
    let began = Instant::now();
    while !desk.path("port").exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "the server has no port");
        std::thread::sleep(Duration::from_millis(20));
    }
    serving.kill().expect("it ends");
    serving.wait().expect("it has ended");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let path = |name: &str| golden.join(name).display().to_string();
    let words = format!("--champion {} --key {}", path("digits-q8_0.dunlin"), path("demo.pub"));
    (desk, format!("retrain digits {words} --received cloud --data labelled --out challenger"))
}

fn run(desk: &Desk, words: &str) -> crate::program::Ended {
    desk.run(&words.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn where_no_device_has_raised_an_alarm_nothing_is_trained() {
    let (desk, retrain) = desk();
    run(&desk, &retrain).expect(0, &["Nothing was received of digits 1.0.0.", "--force trains all the same"]);
    assert_eq!(run(&desk, &format!("--json {retrain}")).json()[0]["outcome"], "not_needed");
    assert!(!desk.path("challenger").exists());
    let elsewhere = retrain.replace("--received cloud", "--received nowhere");
    run(&desk, &elsewhere).expect(6, &["nowhere"]);
    let missing = retrain.replace("--champion ", "--champion no-");
    run(&desk, &missing).expect(4, &["no-"]);
}

#[test]
fn fresh_records_that_are_none_are_refused_by_file_and_line() {
    let (desk, retrain) = desk();
    let retrain = format!("{retrain} --force");
    run(&desk, &retrain).expect(1, &["labelled"]);
    std::fs::create_dir(desk.path("labelled")).expect("a folder can be made");
    run(&desk, &retrain).expect(7, &["labelled", "no .jsonl file with a labelled record"]);
    let image = format!("[{}]", ["[0,0,0,0,0,0,0,0]"; 8].join(","));
    let good = format!("{{\"record\": {{\"image\": {image}}}, \"label\": \"3\"}}\n");
    for (line, says) in [
        ("not json", "expected"),
        ("{\"record\": {\"image\": [[1]]}, \"label\": \"3\"}", "image"),
        (&good.replace(", \"label\": \"3\"", ""), "no label"),
        (&good.replace("\"3\"", "\"three\""), "not a digit"),
    ] {
        desk.write("labelled/a.jsonl", format!("{good}{line}\n"));
        let place = if says == "not a digit" { "record 2" } else { "a.jsonl: line 2" };
        run(&desk, &retrain).expect(7, &[place, says]);
    }
}

#[test]
#[ignore = "slow: trains"]
fn a_challenger_that_is_no_better_is_not_released() {
    let (desk, retrain) = desk();
    run(&desk, "train digits --out model").expect(0, &[]);
    std::fs::create_dir(desk.path("labelled")).expect("a folder can be made");
    // Nothing has moved: there is nothing to be better at.
    let held_out = std::fs::read_to_string(desk.path("model/held_out.jsonl")).expect("it is there");
    desk.write("labelled/same.jsonl", held_out);
    let signed = "--sign-key test.key --reviewer r --commit c";
    let ended = run(&desk, &format!("--json {retrain} --force --precision q8_0 {signed}"));
    ended.expect(7, &[]);
    let document: &Value = &ended.json()[0];
    assert_eq!(document["outcome"], "champion");
    assert_eq!(document["contests"].as_array().map(Vec::len), Some(2));
    let files = std::fs::read_dir(desk.path("challenger")).expect("the model folder is kept");
    assert!(files.flatten().all(|file| file.file_name() == "model"), "no bundle was made");
}
