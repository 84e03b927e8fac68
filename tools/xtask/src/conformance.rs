//! `cargo xtask conformance`: the ONNX project's own node tests, generated from its package, imported and run; writes
//! docs/conformance.md.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;

use serde_json::Value;

use crate::document;
use crate::process::{cargo, keep, untied};
use crate::project::Project;
use crate::python;

const DOCUMENT: &str = "docs/conformance.md";

/// Tells the test where the cases are.
pub(crate) const VARIABLE: &str = "DUNLIN_ONNX_CASES";

/// Generates the cases, runs them and rewrites the tables.
pub(crate) fn run(project: &Project) -> bool {
    match measure(project) {
        Ok(()) => true,
        Err(why) => {
            eprintln!("conformance: {why}");
            false
        }
    }
}

/// Writes the cases into the cache with the oracles' Python, and says where.
pub(crate) fn generate(project: &Project, python: &OsStr) -> Result<PathBuf, String> {
    let folder = project.cache.join("onnx-node");
    let mut generate = untied(project, python);
    generate.args(["-W", "ignore", "tests/onnx_node/generate.py"]).arg(&folder);
    print!("{}", keep(&mut generate)?);
    Ok(folder)
}

fn measure(project: &Project) -> Result<(), String> {
    let cases = generate(project, &python::interpreter(project)?)?;
    let mut report = cargo(project);
    report
        .args(["run", "--release", "--quiet", "--package", "dunlin-tests", "--example", "onnx_node", "--"])
        .arg(cases);
    let judged: Vec<Value> =
        serde_json::from_str(&keep(&mut report)?).map_err(|error| format!("the report: {error}"))?;
    let (promised, rest): (Vec<Value>, Vec<Value>) = judged.into_iter().partition(|case| case["promised"] == true);
    let parts =
        [("sum", sum(&promised)), ("ops", by_op(&promised)), ("others", others(&promised)), ("rest", by_op(&rest))];
    for (name, text) in parts {
        println!("\n{text}");
        document::rewrite(project, DOCUMENT, "conformance", name, &text)?;
    }
    Ok(())
}

/// How one case went: `passed`, `failed` or `unsupported`, and the form in which it passed or the reason.
fn outcome(case: &Value) -> (&str, &str) {
    let outcome = case["outcome"].as_object().and_then(|outcome| outcome.iter().next());
    outcome.map_or(("failed", "no outcome"), |(kind, what)| (kind, what.as_str().unwrap_or_default()))
}

fn count(cases: &[Value], kind: &str) -> usize {
    cases.iter().filter(|case| outcome(case).0 == kind).count()
}

fn sum(cases: &[Value]) -> String {
    let passed = count(cases, "passed");
    let in_form = |form: &str| cases.iter().filter(|case| outcome(case) == ("passed", form)).count();
    format!(
        "Of {} tests of promised ops {passed} pass ({:.1} %), {} fail, {} are refused. Of those that pass, {} do so \
         as they are, {} with their parameters as \
         initializers, {} as one record.",
        cases.len(),
        100.0 * passed as f64 / cases.len() as f64,
        count(cases, "failed"),
        count(cases, "unsupported"),
        in_form(""),
        in_form(".fixed"),
        in_form(".record") + in_form(".record.fixed"),
    )
}

fn by_op(cases: &[Value]) -> String {
    let mut ops: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for case in cases {
        ops.entry(case["op"].as_str().unwrap_or_default()).or_default().push(case.clone());
    }
    let mut table = "| op | passed | failed | unsupported |\n|---|---|---|---|\n".to_owned();
    for (op, cases) in ops {
        let [passed, failed, unsupported] = ["passed", "failed", "unsupported"].map(|kind| count(&cases, kind));
        table += &format!("| {op} | {passed} | {failed} | {unsupported} |\n");
    }
    table
}

/// Each that does not pass, and why.
fn others(cases: &[Value]) -> String {
    let mut table = "| test | | why |\n|---|---|---|\n".to_owned();
    for case in cases {
        let (kind, why) = outcome(case);
        if kind != "passed" {
            table +=
                &format!("| {} | {kind} | {} |\n", case["name"].as_str().unwrap_or_default(), why.replace('|', "\\|"));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> Vec<Value> {
        serde_json::json!([
            {"name": "test_relu", "op": "Relu", "outcome": {"passed": ""}},
            {"name": "test_clip", "op": "Clip", "outcome": {"passed": ".fixed"}},
            {"name": "test_clip_wide", "op": "Clip", "outcome": {"failed": "element 3: 1, 2 is expected"}},
            {"name": "test_erf", "op": "Erf", "outcome": {"unsupported": "no a|b"}},
        ])
        .as_array()
        .cloned()
        .unwrap_or_default()
    }

    #[test]
    fn the_sum_counts_every_outcome_and_form() {
        let text = sum(&cases());
        assert!(text.starts_with("Of 4 tests of promised ops 2 pass (50.0 %), 1 fail, 1 are refused."), "{text}");
        assert!(text.contains("1 do so as they are, 1 with their parameters"), "{text}");
    }

    #[test]
    fn ops_are_counted_apart_and_what_does_not_pass_is_named() {
        assert!(by_op(&cases()).contains("| Clip | 1 | 1 | 0 |\n"));
        let named = others(&cases());
        assert!(named.contains("| test_clip_wide | failed |") && named.contains("no a\\|b"), "{named}");
        assert!(!named.contains("test_relu"));
    }
}
