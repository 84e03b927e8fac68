//! Runs steps in order and reports each one's name, time and result, then the sum.

use std::time::{Duration, Instant};

use crate::project::Project;

/// One check with a name.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Project) -> Result<Outcome, String>,
}

/// How a step ended, where it did not fail as a whole.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    /// It was a test program: counted test by test.
    Tests(Counts),
    /// It could not run, and why.
    Skipped(String),
}

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Runs every step, also after one has failed, and tells whether none did.
pub(crate) fn run(project: &Project, steps: &[Step]) -> bool {
    let mut sum = Counts::default();
    let mut lines = Vec::new();
    let mut skips = Vec::new();
    for step in steps {
        println!("\n=== {}", step.name);
        let start = Instant::now();
        let result = (step.run)(project);
        let (counts, word) = judge(&result);
        let line = format!("{:<16} {:>8}  {word}", step.name, seconds(start.elapsed()));
        println!("--- {line}");
        if let Ok(Outcome::Skipped(why)) = &result {
            skips.push(format!("{}: {why}", step.name));
        }
        lines.push(line);
        sum += counts;
    }
    println!("\nSummary\n  {}", lines.join("\n  "));
    if !skips.is_empty() {
        println!("\nSkipped, and why\n  {}", skips.join("\n  "));
    }
    println!("\n{sum}");
    sum.failed == 0
}

fn judge(result: &Result<Outcome, String>) -> (Counts, String) {
    let one = Counts::default();
    match result {
        Ok(Outcome::Passed) => (Counts { passed: 1, ..one }, "passed".to_owned()),
        Ok(Outcome::Tests(counts)) => {
            let verdict = if counts.failed == 0 { "passed" } else { "FAILED" };
            (*counts, format!("{verdict} ({counts})"))
        }
        Ok(Outcome::Skipped(_)) => (Counts { skipped: 1, ..one }, "skipped".to_owned()),
        Err(why) => (Counts { failed: 1, ..one }, format!("FAILED: {why}")),
    }
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_is_no_test_program_counts_as_one_test() {
        assert_eq!(judge(&Ok(Outcome::Passed)).0, Counts { passed: 1, failed: 0, skipped: 0 });
        assert_eq!(judge(&Ok(Outcome::Skipped("no qemu".into()))).0, Counts { passed: 0, failed: 0, skipped: 1 });
        assert_eq!(judge(&Err("exit 1".into())).0, Counts { passed: 0, failed: 1, skipped: 0 });
    }

    #[test]
    fn one_failed_step_fails_the_run_and_the_steps_after_it_still_run() {
        static LATER: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
        let broken = Step { name: "broken", run: |_| Err("on purpose".into()) };
        let later = Step {
            name: "later",
            run: |_| {
                LATER.store(true, std::sync::atomic::Ordering::SeqCst);
                Ok(Outcome::Passed)
            },
        };
        assert!(!run(&Project::here(false), &[broken, later]));
        assert!(LATER.load(std::sync::atomic::Ordering::SeqCst));
    }
}
