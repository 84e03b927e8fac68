//! Runs `swift test` and counts its tests by their own lines: its sums count failed assertions, of which a test may have several.

use std::process::Command;

use crate::cargo_tests::count_by;
use crate::report::{Counts, Outcome};

pub(super) fn count(command: &mut Command) -> Result<Outcome, String> {
    count_by(command, counts_of)
}

/// `Test Case 'RecordTests.test_a_record' passed (0.4 seconds)`
fn counts_of(line: &str) -> Option<Counts> {
    let (_, result) = line.trim().strip_prefix("Test Case '")?.split_once("' ")?;
    let none = Counts::default();
    match result.split_once(" (")?.0 {
        "passed" => Some(Counts { passed: 1, ..none }),
        "failed" => Some(Counts { failed: 1, ..none }),
        "skipped" => Some(Counts { skipped: 1, ..none }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "Test Case 'A.test_a' started at 2026-01-01 00:00:00.000\nTest Case 'A.test_a' passed (0.1 seconds)\n\
        A.swift:3: error: A.test_b : XCTAssertEqual failed\nTest Case 'A.test_b' failed (0.1 seconds)\n\
        Test Case 'A.test_c' skipped (0.0 seconds)\nExecuted 3 tests, with 1 test skipped and 2 failures (0 unexpected)";

    fn run(script: &str) -> Result<Outcome, String> {
        let mut command = Command::new("sh");
        count(command.args(["-c", script, "sh", LINES]))
    }

    #[test]
    fn each_test_is_counted_once_by_its_result() {
        assert_eq!(run("echo \"$1\"; exit 1"), Ok(Outcome::Tests(Counts { passed: 1, failed: 1, skipped: 1 })));
    }

    #[test]
    fn a_crash_and_a_run_without_tests_are_failures() {
        assert!(run("echo \"Test Case 'A.test_a' passed (0.1 seconds)\"; kill -9 $$").is_err());
        assert!(run("true").is_err());
    }
}
