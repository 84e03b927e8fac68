//! `dunlin predict`: good records, bad records, and the rest of the input all the same.

use serde_json::{Value, json};

use crate::program::Desk;

fn good() -> Value {
    json!({"age": 46.0, "visits": 12, "colour": "red", "member": true, "income": 2500.0})
}

fn with(feature: &str, value: Value) -> String {
    let mut record = good();
    record[feature] = value;
    record.to_string()
}

#[test]
fn a_good_record_is_answered_and_the_line_says_how() {
    let ended = Desk::new().predict(&["--strict"], good().to_string());
    ended.expect(0, &["1 answered, 0 without an answer, 0 refused"]);
    let line = &ended.json()[0];
    assert_eq!((&line["line"], &line["verdict"], &line["answered_by"]), (&json!(1), &json!("accept"), &json!("model")));
    assert!(line["outputs"]["tier"]["class"].is_string());
}

#[test]
fn every_bad_record_is_refused_by_line_code_and_feature_and_the_rest_is_answered() {
    let cases = [
        (with("age", Value::Null), "missing", Some("age")),
        (with("shoe", json!(42)), "unknown_feature", Some("shoe")),
        (with("age", json!("46")), "wrong_type", Some("age")),
        (with("visits", json!(1.5)), "wrong_type", Some("visits")),
        (with("age", json!(121)), "out_of_domain", Some("age")),
        (with("visits", json!(-1)), "out_of_domain", Some("visits")),
        ("[1, 2]".to_owned(), "not_an_object", None),
        ("{\"age\": NaN}".to_owned(), "not_an_object", None),
        ("{\"age\": ".to_owned(), "not_an_object", None),
    ];
    let mut input = good().to_string();
    for (record, _, _) in &cases {
        input.push_str(&format!("\n\n{record}\n{}", good()));
    }
    let desk = Desk::new();
    let ended = desk.predict(&[], &input);
    ended.expect(0, &["10 answered", "9 refused"]);
    let lines = ended.json();
    for (i, (record, code, feature)) in cases.iter().enumerate() {
        let line = &lines[1 + 2 * i];
        assert_eq!(line["line"], json!(3 + 3 * i), "{record}");
        assert_eq!((&line["error"]["code"], &line["error"]["feature"]), (&json!(code), &json!(feature)), "{record}");
        assert!(line["error"]["message"].as_str().is_some_and(|m| !m.is_empty()));
    }
    desk.predict(&["--strict"], &input).expect(3, &["9 records were refused"]);
}

#[test]
fn bytes_that_are_no_text_are_a_bad_line_among_good_ones() {
    let mut input = format!("{}\n", good()).into_bytes();
    input.extend(b"\xff\xfe{}\n");
    input.extend(good().to_string().bytes());
    let ended = Desk::new().predict(&[], input);
    ended.expect(0, &["2 answered", "1 refused"]);
    assert_eq!(ended.json()[1]["line"], json!(2));
}

#[test]
fn a_csv_is_answered_row_by_row_and_bad_rows_are_named_by_their_line() {
    let csv = "age,visits,colour,member,income,label\r\n46,12,red,true,2500,low\r\n46,12,\"re\nd\",1,,low\r\n\
               46,12,red,true\r\n999,12,red,true,1,low\r\n46,12,red,false,,\r\n";
    let desk = Desk::new();
    desk.write("rows.csv", csv);
    let ended = desk.predict(&["rows.csv"], "");
    ended.expect(0, &["3 answered", "2 refused"]);
    let lines = ended.json();
    assert_eq!(lines.iter().map(|l| l["line"].as_u64()).collect::<Vec<_>>(), [2, 3, 5, 6, 7].map(Some));
    assert_eq!(lines[2]["error"]["code"], "bad_row");
    assert_eq!((&lines[3]["error"]["code"], &lines[3]["error"]["feature"]), (&json!("out_of_domain"), &json!("age")));
}

#[test]
fn a_csv_of_a_spreadsheet_begins_with_a_byte_order_mark_and_may_quote_every_cell() {
    let csv = "\u{feff}\"age\",\"visits\",\"colour\",\"member\"\r\n\"46\",\"12\",\"red\",\"true\"\r\n";
    let ended = Desk::new().predict(&["--strict", "--format", "csv"], csv);
    ended.expect(0, &["1 answered"]);
    assert_eq!(ended.json()[0]["line"], json!(2));
}

#[test]
fn a_csv_with_a_strange_column_is_refused_before_any_row() {
    let ended = Desk::new().predict(&["--format", "csv"], "age,shoe\n46,42\n");
    ended.expect(1, &["'shoe'"]);
}

#[test]
fn an_empty_input_and_a_header_alone_have_no_answers() {
    let desk = Desk::new();
    desk.predict(&["--strict"], "").expect(0, &["0 answered"]);
    desk.predict(&["--strict", "--format", "csv"], "age,visits,colour,member\n").expect(0, &["0 answered"]);
}

#[test]
fn an_input_file_that_is_not_there_is_named() {
    Desk::new().predict(&["missing.jsonl"], "").expect(1, &["missing.jsonl"]);
}

#[test]
fn a_tensor_of_another_shape_is_refused_with_both_shapes() {
    let desk = Desk::new();
    desk.bundle("tiny.dunlin", dunlin_tests::fixture::full_parts());
    let mut record = good();
    record["image"] = json!([[0.5, 0.5]]);
    let ended = desk.predict(&[], record.to_string());
    ended.expect(0, &["wrong_shape", "[2, 2]", "[1, 2]"]);
}
