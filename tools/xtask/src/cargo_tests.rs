//! Runs test programs and counts their tests from the `test result:` lines.

use std::process::Command;

use crate::conformance;
use crate::process::{cargo, follow};
use crate::project::Project;
use crate::python;
use crate::report::{Counts, Outcome};
use crate::setup::{Readiness, packages};

/// The whole workspace's tests on the optimised build, the slow ones included.
pub(crate) fn all(project: &Project) -> Result<Outcome, String> {
    let mut tests = cargo(project);
    tests.args(["test", "--release", "--workspace", "--no-fail-fast", "--", "--include-ignored"]);
    match python::interpreter(project) {
        Ok(interpreter) => {
            tests.env(conformance::VARIABLE, conformance::generate(project, &interpreter)?);
            tests.env(python::VARIABLE, interpreter);
        }
        Err(why) => println!("Without the comparisons with ONNX, ONNX Runtime, SciPy and river: {why}"),
    }
    match packages(project, &["chromium"]) {
        Ok(Readiness::Ready) => {}
        Ok(Readiness::Lacking(why)) | Err(why) => println!("Without the look at the report in a browser: {why}"),
    }
    count(&mut tests)
}

/// The same without those marked `#[ignore = "slow: ..."]`.
pub(crate) fn quick(project: &Project) -> Result<Outcome, String> {
    count(cargo(project).args(["test", "--release", "--workspace", "--no-fail-fast"]))
}

/// Runs cargo's test programs, shows what they print, and sums the results they tell.
pub(crate) fn count(command: &mut Command) -> Result<Outcome, String> {
    count_by(command, counts_of)
}

/// The same for programs whose lines tell of tests in another way.
pub(crate) fn count_by(command: &mut Command, counts_of: fn(&str) -> Option<Counts>) -> Result<Outcome, String> {
    let mut sum = Counts::default();
    let ended_well = follow(command, |line| {
        println!("{line}");
        sum += counts_of(line).unwrap_or_default();
    })?;
    match (ended_well, sum.failed, sum.passed) {
        (true, _, 0) => Err("no test ran".to_owned()),
        (false, 0, _) => Err(format!("ended badly without a failed test: not built, crashed or killed ({sum})")),
        _ => Ok(Outcome::Tests(sum)),
    }
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s`
fn counts_of(line: &str) -> Option<Counts> {
    let (_, results) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| {
        let part = results.split("; ").find_map(|part| part.strip_suffix(word))?;
        part.trim().parse::<u64>().ok()
    };
    Some(Counts { passed: number("passed")?, failed: number("failed")?, skipped: number("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    const GOOD: &str = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.0s";
    const BAD: &str = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s";

    #[test]
    fn the_tests_of_all_programs_are_summed() {
        let outcome = count(&mut shell(&format!("echo '{GOOD}'; echo noise; echo '{BAD}'; exit 101")));
        assert_eq!(outcome, Ok(Outcome::Tests(Counts { passed: 8, failed: 2, skipped: 1 })));
    }

    #[test]
    fn a_program_that_does_not_build_or_runs_nothing_is_a_failure() {
        assert!(count(&mut shell("exit 101")).is_err());
        assert!(count(&mut shell(&format!("echo '{GOOD}'; kill -9 $$"))).is_err());
        assert!(count(&mut shell("true")).is_err());
    }

    #[test]
    fn a_line_that_only_looks_like_a_result_is_not_counted() {
        assert_eq!(counts_of("test result: of the day"), None);
        assert_eq!(counts_of("test line::opens ... ok"), None);
    }
}
