//! A batch that is cut short and goes on; and what it takes of memory.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::command::{batch, csv, desk, run};
use crate::place::Place;

/// Rows that take several seconds even without a journal.
const MANY: usize = 1_000_000;

fn start(place: &Place, arguments: &[&str]) -> Child {
    batch(place, arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Rows that are safe, as the file beside the output says.
fn safe_rows(place: &Place, output: &str) -> u64 {
    let progress = fs::read(place.path(&format!("{output}.progress"))).unwrap_or_default();
    serde_json::from_slice(&progress).map_or(0, |progress: Value| progress["rows"].as_u64().unwrap_or(0))
}

/// Kills a run once more rows are safe than before; tells whether it was still running.
fn kill_on_the_way(place: &Place, arguments: &[&str], output: &str) -> bool {
    let before = safe_rows(place, output);
    let mut child = start(place, arguments);
    while safe_rows(place, output) <= before {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

#[test]
fn a_run_that_is_killed_goes_on_and_its_output_is_that_of_one_that_was_not() {
    let place = desk();
    fs::write(place.path("in.csv"), csv(MANY)).unwrap();
    for format in ["csv", "parquet"] {
        let (whole, cut) = (format!("whole.{format}"), format!("cut.{format}"));
        let arguments = ["tiny.dunlin", "--input", "in.csv", "--output", &cut, "--carry", "name", "--resume"];
        let mut kills = 0;
        while kills < 2 && kill_on_the_way(&place, &arguments, &cut) {
            kills += 1;
            assert!(!place.path(&cut).exists(), "the output has its name only when it is whole");
            // What was written after the last checkpoint, a half row say.
            let mut partial = fs::OpenOptions::new().append(true).open(place.path(&format!("{cut}.partial"))).unwrap();
            partial.write_all(b"17,k16,,mod").unwrap();
        }
        assert!(kills > 0, "it was too quick to be killed");
        run(&place, &arguments[..arguments.len() - 1]).expect(1, &["cut short", "--resume"]);
        run(&place, &arguments).expect(0, &[&format!("{MANY} rows")]);
        run(&place, &["tiny.dunlin", "--input", "in.csv", "--output", &whole, "--carry", "name"]).expect(0, &[]);
        assert!(fs::read(place.path(&cut)).unwrap() == fs::read(place.path(&whole)).unwrap(), "{format}");
        assert!(!place.path(&format!("{cut}.partial")).exists() && !place.path(&format!("{cut}.progress")).exists());
    }
}

#[test]
fn a_run_does_not_go_on_with_another_input_or_another_model() {
    let place = desk();
    fs::write(place.path("in.csv"), csv(MANY)).unwrap();
    let arguments = ["tiny.dunlin", "--input", "in.csv", "--output", "out.csv", "--carry", "name", "--resume"];
    assert!(kill_on_the_way(&place, &arguments, "out.csv"));
    let partial = fs::read(place.path("out.csv.partial")).unwrap();
    place.bundle("other.dunlin", &dunlin_tests::challenger::biased(8, [0.1, 0.0, 0.0]));
    let other = [&["other.dunlin"], &arguments[1..]].concat();
    run(&place, &other).expect(1, &["out.csv.partial: cannot go on", "sequence 7", "sequence 8"]);
    fs::OpenOptions::new().append(true).open(place.path("in.csv")).unwrap().write_all(b"k,1,1,red,true,1\n").unwrap();
    run(&place, &arguments).expect(1, &["out.csv.partial: cannot go on", "the input has changed"]);
    assert!(fs::read(place.path("out.csv.partial")).unwrap() == partial, "a refusal changes nothing");
}

#[cfg(target_os = "linux")]
#[test]
fn ten_times_the_rows_take_no_more_memory() {
    let place = desk();
    fs::write(place.path("small.csv"), csv(MANY / 10)).unwrap();
    fs::write(place.path("large.csv"), csv(MANY)).unwrap();
    for output in ["csv", "jsonl", "parquet"] {
        let peak = |input: &str| {
            let output = format!("{input}-out.{output}");
            let input = format!("{input}.csv");
            let arguments = ["tiny.dunlin", "--input", &input, "--output", &output, "--carry", "name"];
            peak_kb(start(&place, &arguments))
        };
        let (small, large) = (peak("small"), peak("large"));
        assert!(large < small + 8_192, "{output}: {small} KiB for a tenth of the rows, {large} KiB for all");
    }
}

/// The most that a process held, as the system last said before it ended.
#[cfg(target_os = "linux")]
fn peak_kb(mut child: Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(Path::new(&status)).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = line.and_then(|kb| kb.parse().ok()).unwrap_or(peak).max(peak);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    peak
}
