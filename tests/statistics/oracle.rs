//! SciPy and river in one Python process: a question in JSON on its standard input, the answer on its standard output.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What Python answers; `None`, said aloud, where `DUNLIN_PYTHON` names no Python with scipy and river.
pub(crate) fn ask(question: &Value) -> Option<Value> {
    let Some(python) = std::env::var_os("DUNLIN_PYTHON").filter(|python| !python.is_empty()) else {
        // Past the test runner's capture: a comparison that did not happen must be seen.
        let told = b"SKIPPED: no comparison with SciPy and river; set DUNLIN_PYTHON to a Python that has both\n";
        std::io::stderr().write_all(told).unwrap();
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("statistics/oracle.py");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let answered = child.wait_with_output().unwrap();
    assert!(answered.status.success(), "oracle.py: {}", answered.status);
    Some(serde_json::from_slice(&answered.stdout).unwrap())
}
