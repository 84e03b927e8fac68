//! `dunlin batch` as a user meets it: formats, bad input, and what is left of a run that is killed.

use std::path::Path;
use std::process::{Command, Stdio};

use dunlin::journal::Reader;
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::tiny_model;
use serde_json::{Value, json};

use crate::place::{Place, tiny_json};

/// What a run ended with.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) said: String,
}

impl Ended {
    /// Fails unless it ended with this code and said all of this.
    pub(crate) fn expect(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.said);
        for word in words {
            assert!(self.said.contains(word), "'{word}' is not in: {}", self.said);
        }
        assert!(!self.said.contains("panicked"), "{}", self.said);
    }
}

/// A place with a signed `tiny.dunlin` and its key.
pub(crate) fn desk() -> Place {
    let place = Place::new();
    place.bundle("tiny.dunlin", &tiny_parts());
    std::fs::write(place.path("test.pub"), place.key.public_text()).unwrap();
    place
}

pub(crate) fn batch(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(dunlin_tests::binary());
    command.arg("batch").args(arguments).args(["--key", "test.pub"]).current_dir(place.path(""));
    command
}

pub(crate) fn ended(mut command: Command) -> Ended {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Ended { code: output.status.code().unwrap_or(-1), said }
}

pub(crate) fn run(place: &Place, arguments: &[&str]) -> Ended {
    ended(batch(place, arguments))
}

/// So many records with a key of their own, as CSV.
pub(crate) fn csv(rows: usize) -> String {
    let row = |number: usize| {
        let record = tiny_json(number);
        let cells = ["age", "visits", "colour", "member", "income"].map(|name| match &record[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        format!("k{number},{}\n", cells.join(","))
    };
    std::iter::once("name,age,visits,colour,member,income\n".to_owned()).chain((0..rows).map(row)).collect()
}

/// The same as JSON lines.
fn jsonl(rows: usize) -> String {
    let row = |number: usize| {
        let mut record = tiny_json(number);
        record.insert("name".to_owned(), json!(format!("k{number}")));
        format!("{}\n", Value::Object(record))
    };
    (0..rows).map(row).collect()
}

/// The rows of a CSV by column.
pub(crate) fn table(path: &Path) -> Vec<serde_json::Map<String, Value>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let object = |row: csv::StringRecord| {
        header.iter().zip(row.iter()).map(|(name, cell)| (name.to_owned(), json!(cell))).collect()
    };
    reader.records().map(|row| object(row.unwrap())).collect()
}

#[test]
fn every_record_has_a_row_with_its_key_and_what_the_model_makes_of_it() {
    let place = desk();
    std::fs::write(place.path("in.csv"), csv(100)).unwrap();
    run(&place, &["tiny.dunlin", "--input", "in.csv", "--output", "out.csv", "--carry", "name"])
        .expect(0, &["100 rows"]);
    let rows = table(&place.path("out.csv"));
    assert_eq!(rows.len(), 100);
    for (number, row) in rows.iter().enumerate() {
        let probabilities = tiny_model::answer(&tiny_json(number));
        let best = probabilities.iter().copied().fold(0.0_f32, f32::max);
        let class = ["low", "middle", "high"][probabilities.iter().position(|p| *p == best).unwrap()];
        assert_eq!((&row["row"], &row["name"]), (&json!((number + 1).to_string()), &json!(format!("k{number}"))));
        if row["verdict"] == "accept" {
            assert_eq!((&row["answered_by"], &row["tier"]), (&json!("model"), &json!(class)), "{row:?}");
            let confidence: f32 = row["tier.probability"].as_str().unwrap().parse().unwrap();
            assert!((confidence - best).abs() < 1e-5, "{row:?}");
        }
    }
    assert!(rows.iter().filter(|row| row["verdict"] == "accept").count() > 90);
    assert!(!place.path("out.csv.partial").exists() && !place.path("out.csv.progress").exists());
}

#[test]
fn csv_json_lines_and_parquet_hold_the_same_answers_whichever_they_are_made_from() {
    let place = desk();
    std::fs::write(place.path("in.csv"), csv(3_000)).unwrap();
    std::fs::write(place.path("in.jsonl"), jsonl(3_000)).unwrap();
    crate::parquet::write_records(&place.path("in.parquet"), 3_000);
    for input in ["in.csv", "in.jsonl", "in.parquet"] {
        for output in ["csv", "jsonl", "parquet"] {
            let output = format!("{input}-out.{output}");
            run(&place, &["tiny.dunlin", "--input", input, "--output", &output, "--carry", "name"]).expect(0, &[]);
        }
    }
    let bytes = |name: &str| std::fs::read(place.path(name)).unwrap();
    for output in ["csv", "jsonl", "parquet"] {
        let from_csv = bytes(&format!("in.csv-out.{output}"));
        assert!(from_csv == bytes(&format!("in.jsonl-out.{output}")), "{output}");
        assert!(from_csv == bytes(&format!("in.parquet-out.{output}")), "{output}");
    }
    // And the three say the same: each cell of the CSV is the value of the others.
    let parquet = crate::parquet::read(&place.path("in.csv-out.parquet"));
    let text = String::from_utf8(bytes("in.csv-out.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rows = table(&place.path("in.csv-out.csv"));
    assert_eq!((rows.len(), lines.len(), parquet.len()), (3_000, 3_000, 3_000));
    for ((row, line), parquet) in rows.iter().zip(&lines).zip(&parquet) {
        assert_eq!(line, parquet);
        for (name, cell) in row {
            match &line[name] {
                Value::Null => assert_eq!(cell, ""),
                Value::Number(number) => assert_eq!(cell.as_str().unwrap().parse().ok(), number.as_f64(), "{name}"),
                text => assert_eq!(cell, text, "{name}"),
            }
        }
    }
}

#[test]
fn a_refused_record_is_a_row_too_and_names_its_feature() {
    let place = desk();
    let rows = "46,12,red,true,2500\n999,12,red,true,1\n46,12,red\n46,twelve,red,true,1\n46,12,red,true,NaN\n46,12,red,true,\n";
    std::fs::write(place.path("in.csv"), format!("age,visits,colour,member,income\n{rows}")).unwrap();
    let arguments = ["tiny.dunlin", "--input", "in.csv", "--output", "out.csv", "--strict"];
    run(&place, &arguments).expect(3, &["6 rows: 2 answered", "4 refused"]);
    let rows = table(&place.path("out.csv"));
    let refused: Vec<[&str; 4]> = rows
        .iter()
        .filter(|row| row["verdict"] == "refused")
        .map(|row| ["row", "answered_by", "reasons", "feature"].map(|name| row[name].as_str().unwrap()))
        .collect();
    let expected = [
        ["2", "none", "out_of_domain", "age"],
        ["3", "none", "bad_row", ""],
        ["4", "none", "wrong_type", "visits"],
        ["5", "none", "non_finite", "income"],
    ];
    assert_eq!(refused, expected);
    assert!(rows[2]["message"].as_str().unwrap().contains("3 cells, the header has 5"));
}

#[test]
fn with_a_folder_every_row_is_a_prediction_on_the_record_under_the_id_that_stands_beside_it() {
    let place = desk();
    std::fs::write(place.path("in.csv"), csv(5_000)).unwrap();
    let installing = ["tiny.dunlin", "--dir", "device", "--input", "in.csv", "--output", "one.csv", "--carry", "name"];
    run(&place, &installing).expect(0, &["5000 rows"]);
    run(&place, &["device", "--input", "in.csv", "--output", "two.csv", "--carry", "name"]).expect(0, &["5000 rows"]);
    let reader = Reader::open(&place.path("device")).unwrap();
    assert_eq!(reader.totals().unwrap().predictions, 10_000);
    for row in table(&place.path("two.csv")).iter().step_by(500) {
        let id = row["prediction_id"].as_str().unwrap().parse().unwrap();
        let kept = reader.prediction(id).unwrap().unwrap();
        assert_eq!(json!(kept.answered_by), row["answered_by"]);
        assert_eq!(json!(kept.verdict), row["verdict"]);
    }
}

#[test]
fn what_cannot_be_read_or_written_is_refused_with_its_name_and_leaves_nothing_behind() {
    let place = desk();
    std::fs::write(place.path("in.csv"), csv(10)).unwrap();
    std::fs::write(place.path("strange.csv"), "age,visits,colour,member,shoe\n1,2,red,true,42\n").unwrap();
    std::fs::write(place.path("short.csv"), "age,visits,colour\n1,2,red\n").unwrap();
    std::fs::write(place.path("in.txt"), "").unwrap();
    std::fs::write(place.path("no.parquet"), "PAR1 and nothing more").unwrap();
    std::fs::write(place.path("there.csv"), "mine").unwrap();
    let cases: [(&[&str], i32, &[&str]); 11] = [
        (&["--input", "strange.csv", "--output", "o.csv"], 1, &["strange.csv: header", "'shoe'"]),
        (
            &["--input", "short.csv", "--output", "o.csv"],
            1,
            &["short.csv: header", "no column for the feature 'member'"],
        ),
        (&["--input", "in.csv", "--output", "o.csv"], 1, &["in.csv: header", "'name'"]),
        (&["--input", "in.csv", "--output", "o.csv", "--carry", "id"], 1, &["in.csv: header", "no column 'id'"]),
        (&["--input", "in.csv", "--output", "o.csv", "--carry", "row"], 2, &["--carry row"]),
        (&["--input", "in.txt", "--output", "o.csv"], 2, &["in.txt", "--input-format"]),
        (&["--input", "in.csv", "--output", "o"], 2, &["o: the name does not say", "--output-format"]),
        (&["--input", "no.parquet", "--output", "o.csv"], 1, &["no.parquet", "not a whole Parquet file"]),
        (&["--input", "missing.csv", "--output", "o.csv"], 1, &["missing.csv"]),
        (&["--input", "in.csv", "--output", "there.csv"], 1, &["there.csv: is there already", "--force"]),
        (&["--input", "in.csv", "--output", "-", "--output-format", "parquet"], 2, &["standard output"]),
    ];
    for (arguments, code, words) in cases {
        run(&place, &[&["tiny.dunlin"], arguments].concat()).expect(code, words);
    }
    assert_eq!(std::fs::read_to_string(place.path("there.csv")).unwrap(), "mine");
    for left in ["o.csv", "o.csv.partial", "o.csv.progress", "there.csv.partial"] {
        assert!(!place.path(left).exists(), "{left}");
    }
    let forced = ["tiny.dunlin", "--input", "in.csv", "--output", "there.csv", "--carry", "name", "--force"];
    run(&place, &forced).expect(0, &["10 rows"]);
    assert_eq!(table(&place.path("there.csv")).len(), 10);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_with_the_row_and_the_run_goes_on_when_there_is_room() {
    let test = "command::a_full_disk_is_named_with_the_row_and_the_run_goes_on_when_there_is_room";
    dunlin_tests::small_disk::run(test, |disk| {
        let place = desk();
        std::fs::write(place.path("in.csv"), csv(5_000)).unwrap();
        let (ballast, output) = (disk.join("ballast"), disk.join("out.csv"));
        dunlin_tests::small_disk::fill(&ballast);
        let room = std::fs::metadata(&ballast).unwrap().len() - (100 << 10);
        std::fs::OpenOptions::new().write(true).open(&ballast).unwrap().set_len(room).unwrap();
        let output = output.to_str().unwrap();
        let arguments = ["tiny.dunlin", "--input", "in.csv", "--output", output, "--carry", "name", "--resume"];
        run(&place, &arguments).expect(1, &["out.csv.partial, row", "free some space"]);
        std::fs::remove_file(&ballast).unwrap();
        run(&place, &arguments).expect(0, &["5000 rows"]);
        run(&place, &["tiny.dunlin", "--input", "in.csv", "--output", "whole.csv", "--carry", "name"]).expect(0, &[]);
        assert!(std::fs::read(output).unwrap() == std::fs::read(place.path("whole.csv")).unwrap());
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_takes_the_answers_and_one_that_is_full_is_an_error() {
    let place = desk();
    std::fs::write(place.path("in.csv"), csv(200)).unwrap();
    let arguments = ["tiny.dunlin", "--input", "-", "--input-format", "csv", "--output", "-", "--carry", "name"];
    let piped = |to: Stdio| {
        let input = std::fs::File::open(place.path("in.csv")).unwrap();
        batch(&place, &arguments)
            .stdin(input)
            .stdout(to)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap()
    };
    let whole = piped(Stdio::piped());
    assert_eq!(String::from_utf8(whole.stdout).unwrap().lines().count(), 201);
    let full = piped(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into());
    let said = String::from_utf8_lossy(&full.stderr).into_owned();
    Ended { code: full.status.code().unwrap_or(-1), said }.expect(1, &["standard output, row", "free some space"]);
    let resumed = [&arguments[..], &["--resume"]].concat();
    run(&place, &resumed).expect(2, &["--resume needs a file"]);
}
