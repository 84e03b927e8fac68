//! The Kotlin library on a host JVM: Maven generates its surface, compiles library and sample, and runs the tests of both.

use std::io::ErrorKind;
use std::path::Path;

use crate::process::{cargo, follow, keep, program, show, target_folder, untied};
use crate::project::Project;
use crate::report::{Counts, Outcome};
use crate::setup::{Readiness, packages};

const MAVEN: &[&str] = &["maven", "openjdk-17-jdk-headless"];

/// The oldest Java on which the tests run.
const OLDEST_JAVA: u32 = 17;

/// Each is built alone: the library must not get the features of the generator.
const BUILDS: &[&[&str]] = &[
    &["--package", "dunlin-jni"],
    &["--package", "dunlin-bindgen"],
    &["--package", "dunlin-cli", "--bin", "dunlin"],
    &["--package", "dunlin-tests", "--bin", "sdk_fixture"],
];

/// What Maven says when it cannot fetch what it needs.
const NOT_FETCHED: &[&str] = &[
    "Could not transfer artifact",
    "Could not find artifact",
    "Cannot access",
    "Could not resolve dependencies",
    "could not be resolved",
];

pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped(
            "the host build of android/ knows Linux alone; Gradle builds it elsewhere".to_owned(),
        ));
    }
    if let Some(why) = lacking(project)? {
        return Ok(Outcome::Skipped(why));
    }
    for build in BUILDS {
        show(cargo(project).args(["build", "--release"]).args(*build))?;
    }
    let target = target_folder(project)?;
    let (programs, folder) = (target.join("release"), target.join("jvm"));
    from_scratch(&folder)?;
    let fixture = folder.join("fixture");
    show(program(project, programs.join("sdk_fixture")).arg(&fixture))?;
    run_maven(project, &programs, &folder, &fixture)?.judge()
}

/// Removes what an earlier build left: the Kotlin compiler takes the classes of a source that was renamed or changed for part
/// of this one.
fn from_scratch(folder: &Path) -> Result<(), String> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(format!("{} cannot be removed: {error}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Why the tests cannot run here; installs what it may.
fn lacking(project: &Project) -> Result<Option<String>, String> {
    if java_of(project).is_none()
        && let Readiness::Lacking(why) = packages(project, MAVEN)?
    {
        return Ok(Some(why));
    }
    Ok(match java_of(project) {
        Some(java) if java >= OLDEST_JAVA => None,
        Some(java) => Some(format!("Maven runs on Java {java}; set JAVA_HOME to one of {OLDEST_JAVA} or later")),
        None => Some("`mvn --version` names no Java; set JAVA_HOME".to_owned()),
    })
}

/// The Java that Maven runs on.
fn java_of(project: &Project) -> Option<u32> {
    let version = keep(untied(project, "mvn").args(["--batch-mode", "--version"])).ok()?;
    let (_, after) = version.split_once("Java version: ")?;
    after.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

fn run_maven(project: &Project, programs: &Path, folder: &Path, fixture: &Path) -> Result<Seen, String> {
    let mut maven = untied(project, "mvn");
    maven
        .args(["--batch-mode", "--no-transfer-progress", "--fail-at-end", "--file"])
        .arg(project.root.join("android/pom.xml"));
    if !project.may_install {
        maven.arg("--offline");
    }
    let property = |name: &str, value: &Path| format!("-Ddunlin.{name}={}", value.display());
    maven.args([property("build", folder), property("programs", programs), property("fixture", fixture)]);
    // The slow ones too.
    maven.args(["-Ddunlin.without=none", "test"]);
    let mut seen = Seen::default();
    seen.ended_well = follow(&mut maven, |line| {
        println!("{line}");
        seen.note(line);
    })?;
    Ok(seen)
}

/// What Maven's output told.
#[derive(Default)]
struct Seen {
    counts: Counts,
    ended_well: bool,
    /// The line that told what could not be fetched.
    not_fetched: Option<String>,
}

impl Seen {
    fn note(&mut self, line: &str) {
        self.counts += counts_of(line).unwrap_or_default();
        if NOT_FETCHED.iter().any(|words| line.contains(words)) {
            self.not_fetched.get_or_insert_with(|| line.trim_start_matches("[ERROR] ").to_owned());
        }
    }

    /// What could not be fetched was not tested, and is told so; everything else that goes wrong is a failure.
    fn judge(self) -> Result<Outcome, String> {
        let Counts { passed, failed, .. } = self.counts;
        match (self.ended_well, self.not_fetched) {
            (true, _) if passed == 0 => Err("no test ran".to_owned()),
            (true, _) => Ok(Outcome::Tests(self.counts)),
            (false, Some(why)) if passed + failed == 0 => {
                Ok(Outcome::Skipped(format!("Maven cannot fetch what it needs: {why}")))
            }
            (false, Some(why)) => {
                println!("Without the tests in Robolectric: {why}");
                Ok(Outcome::Tests(Counts { skipped: self.counts.skipped + 1, ..self.counts }))
            }
            (false, None) if failed == 0 => Err("Maven ended badly without a failed test".to_owned()),
            (false, None) => Ok(Outcome::Tests(self.counts)),
        }
    }
}

/// `[INFO] Tests run: 5, Failures: 1, Errors: 0, Skipped: 1`, which ends a module; a class's line names its time as well.
fn counts_of(line: &str) -> Option<Counts> {
    let (_, results) = line.split_once("Tests run: ")?;
    let numbers: Vec<u64> = results
        .split(", ")
        .map(|part| part.rsplit(' ').next().and_then(|number| number.trim().parse().ok()))
        .collect::<Option<_>>()?;
    let [run, failures, errors, skipped] = numbers.try_into().ok()?;
    let failed = failures + errors;
    Some(Counts { passed: run.saturating_sub(failed + skipped), failed, skipped })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(lines: &[&str], ended_well: bool) -> Result<Outcome, String> {
        let mut seen = Seen { ended_well, ..Seen::default() };
        lines.iter().for_each(|line| seen.note(line));
        seen.judge()
    }

    const CLASS: &str =
        "[INFO] Tests run: 4, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1.2 s -- in dev.dunlin.SyncTest";
    const MODULE: &str = "[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 1";
    const NO_MONITOR: &str = "[ERROR] Failed to execute goal: Could not find artifact androidx.test:monitor:aar:1.8.0";

    #[test]
    fn the_modules_are_summed_and_their_classes_are_not_counted_again() {
        let counts = Counts { passed: 8, failed: 0, skipped: 2 };
        assert_eq!(seen(&[CLASS, MODULE, MODULE], true), Ok(Outcome::Tests(counts)));
    }

    #[test]
    fn a_failed_test_is_counted_and_a_build_that_fails_without_one_is_a_failure() {
        let failed = "[ERROR] Tests run: 5, Failures: 1, Errors: 1, Skipped: 0";
        assert_eq!(seen(&[failed], false), Ok(Outcome::Tests(Counts { passed: 3, failed: 2, skipped: 0 })));
        assert!(seen(&[MODULE], false).is_err());
        assert!(seen(&["[ERROR] Compilation failure"], false).is_err());
        assert!(seen(&[], true).is_err());
    }

    #[test]
    fn what_cannot_be_fetched_is_skipped_aloud_alone_or_beside_what_ran() {
        assert!(matches!(seen(&[NO_MONITOR], false), Ok(Outcome::Skipped(why)) if why.contains("monitor")));
        let counts = Counts { passed: 4, failed: 0, skipped: 2 };
        assert_eq!(seen(&[MODULE, NO_MONITOR], false), Ok(Outcome::Tests(counts)));
    }
}
