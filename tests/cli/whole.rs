//! From training to predicting on the digits, as README tells it. Slow: each trains.

use dunlin_tests::binary;
use serde_json::Value;

use crate::program::Desk;

#[test]
#[ignore = "slow: trains twice"]
fn the_readme_s_commands_work_and_the_same_seed_gives_the_same_bytes() {
    let desk = Desk::new();
    desk.run(&["train", "digits", "--out", "one"]).expect(0, &["1438 records, 359 held out"]);
    desk.run(&["train", "digits", "--out", "two"]).expect(0, &[]);
    desk.run(&["pack", "one", "--precision", "q8_0", "--out", "one.dunlin"]).expect(0, &["accuracy"]);
    desk.run(&["pack", "two", "--precision", "q8_0", "--out", "two.dunlin"]).expect(0, &[]);
    let bytes = |name: &str| std::fs::read(desk.path(name)).expect("readable");
    assert!(bytes("one.dunlin") == bytes("two.dunlin"), "two processes, one seed, one bundle");

    desk.run(&["sign", "one.dunlin", "--key", "test.key", "--commit", "c", "--reviewer", "r"]).expect(0, &[]);
    desk.run(&["verify", "one.dunlin", "--key", "test.pub"]).expect(0, &["32 cases agree"]);
    desk.run(&["inspect", "one.dunlin", "--key", "test.pub"]).expect(0, &["93.1 %", "q8_0"]);
    let held_out = std::fs::read_to_string(desk.path("one/held_out.jsonl")).expect("readable");
    let ended = desk.run(&["predict", "one.dunlin", "one/held_out.jsonl", "--key", "test.pub", "--dir", "device"]);
    ended.expect(0, &["0 refused"]);
    let answers = ended.json();
    let right = answers.iter().zip(held_out.lines()).filter(|(answer, held)| {
        let held: Value = serde_json::from_str(held).expect("it is JSON");
        answer["outputs"]["probabilities"]["class"] == held["label"]
    });
    assert!(right.count() >= 345, "of 359");

    std::fs::write(desk.path("one/held_out.jsonl"), "{\"record\": {\"image\": 1}}\n").expect("writable");
    desk.run(&["pack", "one"]).expect(7, &["held_out.jsonl, line 1", "'image'"]);
    desk.run(&["pack", "two", "--precision", "q4_k"]).expect(0, &[]);
}

#[test]
#[ignore = "slow: trains"]
fn the_demo_keeps_its_promises() {
    let ended = Desk::new().run(&["demo", "--json", "--keep", "kept"]);
    ended.expect(0, &[]);
    let document = &ended.json()[0];
    let figure = |name: &str| document[name].as_f64().unwrap_or_else(|| panic!("{name} is no figure in {document}"));
    assert!(figure("accuracy") >= 0.97);
    assert!((figure("accuracy") - figure("accuracy_quantized")).abs() <= 0.01);
    assert!(figure("baseline_accuracy") < figure("accuracy").min(figure("accuracy_quantized")));
    assert!(figure("quantized_share") >= 0.9);
    assert!(figure("abstained") <= 0.02 * figure("held_out"));
    assert_eq!((figure("predictions"), figure("lost")), (figure("logged"), 0.0));
    assert!(figure("median_predict_us") > 0.0);
    let challenger = &document["challenger"];
    let of = |name: &str| challenger[name].as_f64().unwrap_or_else(|| panic!("{name} is no figure in {challenger}"));
    assert!(of("accuracy_before") + 0.3 < of("accuracy_after"), "{challenger}");
    assert_eq!((&challenger["damaged_bundle"], &challenger["version"]), (&"part".into(), &"1.1.0".into()));
    assert!(of("worse_by") >= 0.05 && of("labels_until_rollback") <= 2_000.0, "{challenger}");
    let refused = document["refused"].as_array().expect("it is a list");
    let inputs: Vec<&str> = refused.iter().filter_map(|r| r["input"].as_str()).collect();
    assert_eq!(inputs, ["blank_image", "nan_pixels", "noise", "flipped_bit"]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_binary_restarts_itself_with_one_thread_unless_told_otherwise() {
    for (given, found) in [(None, "RAYON_NUM_THREADS=1"), (Some("3"), "RAYON_NUM_THREADS=3")] {
        let desk = Desk::new();
        let mut command = std::process::Command::new(binary());
        command.args(["predict", "tiny.dunlin", "--key", "test.pub"]).current_dir(desk.path(""));
        command.env_remove("RAYON_NUM_THREADS").envs(given.map(|value| ("RAYON_NUM_THREADS", value)));
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
        let mut child = command.stderr(std::process::Stdio::null()).spawn().expect("the binary starts");
        // It waits for records, so that there is time to look: first it must have replaced itself.
        let environment = (0..500).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            let bytes = std::fs::read(format!("/proc/{}/environ", child.id())).ok()?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            text.split('\0').any(|variable| variable == found).then_some(text)
        });
        drop(child.stdin.take());
        assert!(child.wait().expect("it ends").success());
        assert!(environment.is_some(), "{found} was never seen");
    }
}
