//! `dunlin simulate`: every alarm that records and labels can raise, none without a shift, and what is said of bad words.

use std::path::Path;

use dunlin::journal::Reader;
use dunlin_tests::fixture::records;
use serde_json::{Value, json};

use crate::program::{Desk, Ended};

/// A run over the digits that the project ships.
fn digits(desk: &Desk, dir: &str, more: &[&str]) -> Ended {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let (bundle, key) = (golden.join("digits-q8_0.dunlin"), golden.join("demo.pub"));
    let path = |path: &Path| path.to_str().expect("the path is text").to_owned();
    let (bundle, key) = (path(&bundle), path(&key));
    desk.run(&[&["--json", "simulate", &bundle, "--key", &key, "--dir", dir], more].concat())
}

/// A run over the small model's records: 1,200 in windows of 200, unless told otherwise.
fn tiny(desk: &Desk, dir: &str, more: &[&str]) -> Ended {
    let line = |record| json!({"record": record, "label": "low"}).to_string() + "\n";
    desk.write("records.jsonl", records().into_iter().map(line).collect::<String>());
    let mut arguments = vec!["--json", "simulate", "tiny.dunlin", "--key", "test.pub", "--records", "records.jsonl"];
    arguments.extend(["--dir", dir]);
    for (name, value) in [("--count", "1200"), ("--window-rows", "200")] {
        if !more.contains(&name) {
            arguments.extend([name, value]);
        }
    }
    arguments.extend(more);
    desk.run(&arguments)
}

/// Kinds and subjects of the alarms raised. How long answers take is the machine's affair.
fn alarms(ended: &Ended) -> Vec<(String, String)> {
    ended.expect(0, &[]);
    let text = |alarm: &Value, key: &str| alarm[key].as_str().expect("it is there").to_owned();
    let document = &ended.json()[0];
    let alarms = document["alarms"].as_array().expect("there is a list").iter();
    alarms.map(|alarm| (text(alarm, "kind"), text(alarm, "subject"))).filter(|(kind, _)| kind != "latency").collect()
}

fn has(alarms: &[(String, String)], kind: &str, subject: &str) -> bool {
    alarms.iter().any(|(k, s)| (k.as_str(), s.as_str()) == (kind, subject))
}

#[test]
fn without_a_shift_no_alarm_is_raised_and_every_record_is_in_the_journal() {
    let desk = Desk::new();
    let ended = digits(&desk, "device", &[]);
    assert_eq!(alarms(&ended), []);
    let document = &ended.json()[0];
    assert_eq!((&document["records"], &document["windows"], &document["lost"]), (&3000.into(), &6.into(), &0.into()));
    let totals = Reader::open(&desk.path("device")).expect("it is there").totals().expect("readable");
    assert_eq!((totals.predictions, json!(totals.labels)), (3000, document["labels"].clone()));
    assert_eq!(alarms(&tiny(&desk, "other", &[])), []);
}

#[test]
fn a_worn_camera_raises_drift_and_tells_that_this_is_not_the_training_data() {
    let desk = Desk::new();
    let alarms = alarms(&digits(&desk, "device", &["--shift", "camera:demo", "--count", "2000"]));
    for scalar in ["mean", "standard_deviation", "gradient_energy", "zero_fraction"] {
        for kind in ["drift", "training_mismatch"] {
            assert!(has(&alarms, kind, &format!("image.{scalar}")), "{kind} of {scalar}: {alarms:?}");
        }
    }
    assert!(has(&alarms, "drift", "verdict"), "{alarms:?}");
    desk.run(&["events", "device"]).expect(0, &["ALARM", "notice", "'image.mean'", "how sure: "]);
}

#[test]
fn wrong_labels_raise_the_error_rate() {
    let desk = Desk::new();
    let ended = digits(&desk, "device", &["--label-noise", "0.3"]);
    assert_eq!(alarms(&ended), [("error_rate".to_owned(), "probabilities".to_owned())]);
    desk.run(&["events", "device"]).expect(0, &["wrong more often than it was"]);
    assert_eq!(alarms(&digits(&desk, "unlabelled", &["--label-noise", "0.3", "--labels", "0"])), []);
}

#[test]
fn each_word_shifts_its_feature_and_no_other() {
    let desk = Desk::new();
    for (at, (spec, feature, subject)) in [
        ("add:age=-0.9sd", "age", "age"),
        ("scale:income=1.5", "income", "income"),
        ("missing:income=0.8", "income", "income"),
        ("level:colour=red:0.5", "colour", "colour"),
        ("freeze:visits", "visits", "visits"),
        ("nan:age=0.3", "age", "verdict"),
        ("outside:age=0.3", "age", "verdict"),
        ("outside:visits=0.3", "visits", "verdict"),
        ("missing:age=0.3", "age", "verdict"),
    ]
    .into_iter()
    .enumerate()
    {
        let alarms = alarms(&tiny(&desk, &format!("device-{at}"), &["--shift", spec]));
        assert!(has(&alarms, "drift", subject), "{spec}: {alarms:?}");
        let mut others = ["age", "visits", "colour", "income"].into_iter().filter(|name| *name != feature);
        assert!(others.all(|name| !has(&alarms, "drift", name)), "{spec}: {alarms:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let desk = Desk::new();
    let run = |dir: &str, seed: &str| {
        let ended = tiny(&desk, dir, &["--shift", "nan:age=0.1", "--seed", seed]);
        let document = ended.json().remove(0);
        (alarms(&ended), document["verdicts"].clone(), document["answered_by"].clone(), document["labels"].clone())
    };
    let first = run("one", "1");
    assert_eq!(first, run("two", "1"));
    assert_ne!(first.1, run("three", "2").1);
}

#[test]
fn a_rate_is_kept_and_a_run_goes_on_where_the_last_one_ended() {
    let desk = Desk::new();
    let ended = tiny(&desk, "device", &["--count", "60", "--rate", "100", "--window-rows", "100"]);
    let seconds = ended.json()[0]["seconds"].as_f64().expect("it is told");
    assert!((0.58..10.0).contains(&seconds), "{seconds}");
    let ended = tiny(&desk, "device", &["--count", "60", "--window-rows", "100"]);
    assert_eq!(ended.json()[0]["windows"], 1, "the open window of the first run is filled up");
}

#[test]
fn bad_words_are_named_with_what_is_allowed() {
    let desk = Desk::new();
    for (arguments, words) in [
        (&["--shift", "bogus"][..], &["'bogus' is no shift", "add:FEATURE=0.5sd"][..]),
        (&["--shift", "missing:income=2"], &["'2' is no share", "from 0 to 1"]),
        (&["--shift", "add:shoe=1"], &["no feature 'shoe'", "age, visits, colour, member, income"]),
        (&["--shift", "add:colour=1"], &["add:colour=1", "number or an integer"]),
        (&["--shift", "nan:visits=0.1"], &["NaN"]),
        (&["--shift", "level:age=old:0.5"], &["category or a boolean"]),
        (&["--shift", "level:member=maybe:0.5"], &["true or false"]),
        (&["--shift", "outside:member=0.5"], &["no domain"]),
        (&["--shift", "camera:demo"], &["8 x 8"]),
        (&["--label-noise", "1.5"], &["from 0 to 1"]),
        (&["--rate", "often"], &["no rate"]),
        (&["--window-rows", "49"], &["50"]),
    ] {
        tiny(&desk, "device", &[&["--count", "1"], arguments].concat()).expect(2, words);
    }
}

#[test]
fn records_that_are_none_are_named_by_file_and_line() {
    let desk = Desk::new();
    let run = |more: &[&str]| {
        desk.run(&[&["simulate", "tiny.dunlin", "--key", "test.pub", "--dir", "device"], more].concat())
    };
    run(&[]).expect(2, &["'tiny' has none", "--records"]);
    run(&["--records", "missing.jsonl"]).expect(1, &["missing.jsonl"]);
    let good = json!({"age": 46.0, "visits": 12, "colour": "red", "member": true});
    for (line, words) in
        [("{\"age\": ", "not a JSON object"), ("{\"shoe\": 42}", "shoe"), ("{\"record\": {}, \"label\": []}", "label")]
    {
        desk.write("rows.jsonl", format!("{good}\n\n{line}\n"));
        run(&["--records", "rows.jsonl"]).expect(1, &["rows.jsonl", "line 3", words]);
    }
    desk.write("rows.jsonl", "\n");
    run(&["--records", "rows.jsonl"]).expect(1, &["no record"]);
    desk.write("rows.jsonl", format!("{good}\n"));
    run(&["--records", "rows.jsonl", "--count", "10"])
        .expect(0, &["10 records", "no alarm was raised", "Nothing was shifted"]);
}

#[test]
fn a_folder_in_use_and_an_untrusted_bundle_are_refused_before_any_record() {
    let desk = Desk::new();
    tiny(&desk, "device", &["--count", "1"]).expect(0, &[]);
    let lock = std::fs::File::options().write(true).open(desk.path("device/dunlin.lock")).expect("it is there");
    lock.lock().expect("nobody has it");
    tiny(&desk, "device", &[]).expect(6, &["in use", "close the other process"]);
    desk.write("test.pub", dunlin_tests::signing::TestKey::generate().public_text());
    tiny(&desk, "other", &[]).expect(4, &["tiny.dunlin"]);
}
