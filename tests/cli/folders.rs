//! Folders: of the runtime (`--dir`) and of a model (`pack`), good and bad.

use dunlin::journal::Reader;
use dunlin_tests::fixture::records;
use serde_json::json;

use crate::program::Desk;

fn input() -> String {
    records().iter().map(|record| json!({"record": record, "label": "low"}).to_string() + "\n").collect()
}

#[test]
fn with_a_folder_every_answer_is_in_its_journal_with_its_label() {
    let desk = Desk::new();
    let ended = desk.predict(&["--dir", "device"], input());
    ended.expect(0, &["8 answered"]);
    let reader = Reader::open(&desk.path("device")).expect("the journal is there");
    assert_eq!(reader.totals().expect("readable").predictions, 8);
    for line in ended.json() {
        let id = line["id"].as_str().expect("it has an id").parse().expect("it is one");
        let row = reader.prediction(id).expect("readable").expect("it is on the record");
        assert_eq!((json!(row.answered_by), json!(row.label)), (line["answered_by"].clone(), json!("low")));
    }
    desk.predict(&["--dir", "device"], input()).expect(0, &["8 answered"]);
    assert_eq!(Reader::open(&desk.path("device")).expect("there").totals().expect("readable").predictions, 16);
}

#[test]
fn a_row_that_is_no_record_is_on_the_record_too() {
    let desk = Desk::new();
    let input = "{\"shoe\": 42}\n{\"age\": \"46\"}\n{\"age\": 999, \"visits\": 1, \"colour\": \"red\", \"member\": true}\nno JSON\n";
    desk.predict(&["--dir", "device"], input).expect(0, &["4 refused"]);
    let rows = Reader::open(&desk.path("device")).expect("the journal is there").newest(None, 9).expect("readable");
    let reasons: Vec<&str> = rows.iter().rev().flat_map(|row| &row.reasons).map(String::as_str).collect();
    assert_eq!(reasons, ["unknown_feature", "wrong_type", "out_of_domain", "not_an_object"]);
}

#[test]
fn a_folder_that_is_a_file_is_named_and_every_record_is_answered_all_the_same() {
    let desk = Desk::new();
    desk.write("device", "mine");
    desk.predict(&["--dir", "device"], input()).expect(6, &["8 answered", "device", "not a folder", "give the path"]);
}

#[test]
fn a_locked_folder_is_named_and_every_record_is_answered_all_the_same() {
    let desk = Desk::new();
    desk.predict(&["--dir", "device"], input()).expect(0, &[]);
    let lock = std::fs::File::options().write(true).open(desk.path("device/dunlin.lock")).expect("it is there");
    lock.lock().expect("nobody has it");
    desk.predict(&["--dir", "device"], input()).expect(6, &["8 answered", "in use", "close the other process"]);
}

#[test]
fn a_damaged_journal_is_replaced_and_said_and_a_damaged_or_foreign_state_is_left_and_said() {
    let desk = Desk::new();
    desk.predict(&["--dir", "device"], input()).expect(0, &[]);
    desk.write("device/journal.db", vec![0x5a; 8192]);
    desk.predict(&["--dir", "device"], input()).expect(0, &["8 answered", "journal.db"]);

    let foreign = std::fs::read(desk.path("device/journal.db")).expect("readable");
    for state in [vec![0x5a; 8192], foreign] {
        desk.write("device/state.db", &state);
        let ended = desk.predict(&["--dir", "device"], input());
        assert!(ended.code == 6 || ended.code == 4, "{}{}", ended.out, ended.err);
        ended.expect(ended.code, &["state.db"]);
        assert_eq!(std::fs::read(desk.path("device/state.db")).expect("readable"), state);
    }
}

#[test]
fn a_broken_model_folder_is_refused_by_file_and_line() {
    let desk = Desk::new();
    desk.run(&["pack", "missing"]).expect(7, &["missing"]);
    std::fs::create_dir(desk.path("model")).expect("a new folder");
    desk.run(&["pack", "model"]).expect(7, &["weights.safetensors"]);
}
