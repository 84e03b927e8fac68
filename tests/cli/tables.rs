//! CSV as spreadsheets and scripts write it, and JSON lines with what editors and mistakes put beside the record.

use dunlin::journal::Reader;
use dunlin_tests::fixture::full_parts;
use serde_json::{Value, json};

use crate::program::{Desk, Ended};

const HEADER: &str = "age,visits,colour,member,income";

fn csv(desk: &Desk, text: &str) -> Ended {
    desk.predict(&["--format", "csv"], text)
}

/// Code and feature of each line that was refused, by line.
fn refused(ended: &Ended) -> Vec<(u64, String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let lines = ended.json().into_iter().filter(|line| line["error"].is_object());
    lines
        .map(|l| {
            (
                l["line"].as_u64().expect("a line"),
                text(&l["error"]["code"]).expect("a code"),
                text(&l["error"]["feature"]),
            )
        })
        .collect()
}

#[test]
fn a_cell_that_is_not_a_number_is_refused_by_line_and_feature_and_never_taken_for_missing() {
    let rows = [
        "NaN,1,red,true,1",
        "46,NaN,red,true,1",
        "46,1,red,true,nan",
        "46,1,red,true,inf",
        "46,1,red,true,-Infinity",
        "46,1.5,red,true,1",
        "46,1,red,maybe,1",
        "1e999,1,red,true,1",
    ];
    let ended = csv(&Desk::new(), &format!("{HEADER}\n{}\n", rows.join("\n")));
    ended.expect(0, &["0 answered", "8 refused"]);
    let expected = [
        ("non_finite", "age"),
        ("wrong_type", "visits"),
        ("non_finite", "income"),
        ("non_finite", "income"),
        ("non_finite", "income"),
        ("wrong_type", "visits"),
        ("wrong_type", "member"),
        ("non_finite", "age"),
    ];
    let expected: Vec<_> =
        (2..).zip(expected).map(|(line, (code, name))| (line, code.to_owned(), Some(name.to_owned()))).collect();
    assert_eq!(refused(&ended), expected);
}

#[test]
fn a_column_that_is_missing_is_a_missing_feature_in_every_row_unless_it_may_be_missing() {
    let desk = Desk::new();
    csv(&desk, "age,visits,colour,member\n46,12,red,true\n").expect(0, &["1 answered"]);
    let ended = csv(&desk, "age,visits,colour\n46,12,red\n50,1,blue\n");
    assert_eq!(refused(&ended), [2, 3].map(|line| (line, "missing".to_owned(), Some("member".to_owned()))));
}

#[test]
fn a_header_that_cannot_be_right_is_refused_before_any_row_with_its_reason() {
    let desk = Desk::new();
    csv(&desk, "age,visits,age\n1,2,3\n").expect(1, &["standard input: header", "'age' comes twice"]);
    desk.bundle("tiny.dunlin", full_parts());
    csv(&desk, "age,image.0,image.1,image.3\n1,0,0,0\n").expect(1, &["'image.2' of the tensor 'image'", "needs 4"]);
    csv(&desk, "age,image.4\n1,0\n").expect(1, &["'image.4' is not in the schema"]);
    desk.write("rows.csv", "shoe\n1\n");
    desk.predict(&["rows.csv"], "").expect(1, &["rows.csv: header", "'shoe'"]);
}

#[test]
fn a_tensor_s_cells_are_read_in_order_and_an_empty_or_nan_one_is_refused() {
    let desk = Desk::new();
    desk.bundle("tiny.dunlin", full_parts());
    let header = format!("image.3,image.0,image.1,image.2,{HEADER}");
    let rows = [
        "0.4,0.1,0.2,0.3,46,12,red,true,",
        "0.4,NaN,0.2,0.3,46,12,red,true,",
        "0.4,,0.2,0.3,46,12,red,true,",
        ",,,,46,12,red,true,",
        "9,0,0,0,46,12,red,true,",
    ];
    let ended = csv(&desk, &format!("{header}\n{}\n", rows.join("\n")));
    let expected = [(3, "non_finite"), (4, "wrong_type"), (5, "missing"), (6, "out_of_domain")];
    assert_eq!(refused(&ended), expected.map(|(line, code)| (line, code.to_owned(), Some("image".to_owned()))));
}

#[test]
fn a_row_of_another_length_or_not_in_utf_8_says_what_to_look_for_and_repeats_nothing() {
    let mut text = format!("{HEADER}\n46,12,secret\n46,12,").into_bytes();
    text.extend(b"\xff\xfe,true,1\n46,12,red,true,1\n");
    let ended = Desk::new().predict(&["--format", "csv"], text);
    ended.expect(0, &["1 answered", "3 cells, the header has 5", "cell 3 is not UTF-8"]);
    assert!(!ended.out.contains("secret"));
}

#[test]
fn quoted_cells_may_hold_commas_quotes_and_line_ends_and_lines_are_still_counted_right() {
    for end in ["\n", "\r\n"] {
        let rows = [
            HEADER,
            "46,12,\"a, \"\"b\"\"\nc\",true,1",
            "999,12,red,true,1",
            "",
            "46,12,red,true,1",
            "999,12,red,true,1",
        ];
        let ended = csv(&Desk::new(), &rows.join(end));
        let lines: Vec<u64> = refused(&ended).into_iter().map(|(line, ..)| line).collect();
        assert_eq!(lines, [4, 7], "with {end:?}");
    }
}

#[test]
fn a_json_line_may_begin_with_a_byte_order_mark_and_a_mistyped_key_beside_the_record_is_named() {
    let record = json!({"age": 46.0, "visits": 12, "colour": "red", "member": true});
    let input = format!(
        "\u{feff}{record}\n{}\n{}\n{}\n",
        json!({"record": record, "lable": "low"}),
        json!({"record": record, "label": ["low"]}),
        json!({"record": record, "label": null}),
    );
    let ended = Desk::new().predict(&[], input);
    ended.expect(0, &["2 answered", "2 refused", "'lable'"]);
    assert_eq!(refused(&ended), [(2, "unknown_key".to_owned(), None), (3, "wrong_label".to_owned(), None)]);
}

#[test]
fn an_answer_comes_before_the_next_record_is_sent() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};
    let desk = Desk::new();
    let mut child = Command::new(dunlin_tests::binary())
        .args(["predict", "tiny.dunlin", "--key", "test.pub"])
        .current_dir(desk.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let (mut stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let mut answers = BufReader::new(stdout).lines();
    for line in 1..=3 {
        writeln!(stdin, r#"{{"age": 46, "visits": 12, "colour": "red", "member": true}}"#).expect("it listens");
        let answer: Value = serde_json::from_str(&answers.next().expect("an answer").expect("text")).expect("JSON");
        assert_eq!(answer["line"], json!(line));
    }
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_batch_larger_than_the_journal_s_ring_is_kept_whole() {
    let desk = Desk::new();
    let good = json!({"record": {"age": 46.0, "visits": 12, "colour": "red", "member": true}, "label": "low"})
        .to_string()
        + "\n";
    let input = (good + "{\"shoe\": 42}\n").repeat(4_000);
    desk.predict(&["--dir", "d"], input).expect(0, &["4000 answered", "4000 refused"]);
    let totals = Reader::open(&desk.path("d")).expect("there").totals().expect("readable");
    assert_eq!((totals.predictions, totals.labels), (8_000, 4_000));
}
