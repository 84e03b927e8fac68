//! Imports and runs the cases that `generate.py` wrote, and judges each.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{Engine, PlanEngine, RawOutput};
use serde::{Deserialize, Serialize};

/// A case as `cases.json` tells it.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) op: String,
    /// Whether the importer promises all of its ops.
    pub(crate) promised: bool,
    rtol: f64,
    atol: f64,
    /// In the order in which they are tried.
    forms: Vec<Form>,
}

/// One of the forms in which a case is written.
#[derive(Debug, Deserialize)]
struct Form {
    /// What its files' names have after the case's.
    ending: String,
    /// Sizes of dimensions that the file leaves open, by the names that the importer gives them.
    sizes: BTreeMap<String, usize>,
    inputs: Vec<Vec<usize>>,
    outputs: Vec<Vec<usize>>,
}

/// How a case went.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// In the form with this ending; those before it were refused.
    Passed(String),
    /// It answered wrongly, or not at all.
    Failed(String),
    /// It was refused, and why.
    Unsupported(String),
}

/// A case, its op and its outcome.
#[derive(Debug, Serialize)]
pub(crate) struct Judged {
    pub(crate) name: String,
    pub(crate) op: String,
    pub(crate) promised: bool,
    pub(crate) outcome: Outcome,
}

/// Runs every case of a folder.
pub(crate) fn run(folder: &Path) -> Result<Vec<Judged>, String> {
    let index = folder.join("cases.json");
    let text = fs::read(&index).map_err(|error| format!("{}: {error}", index.display()))?;
    let cases: Vec<Case> = serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", index.display()))?;
    Ok(cases.into_iter().map(|case| judge(folder, case)).collect())
}

fn judge(folder: &Path, case: Case) -> Judged {
    // What panics has failed, and the others are judged all the same.
    let outcome = catch_unwind(AssertUnwindSafe(|| outcome(folder, &case)));
    let outcome = outcome.unwrap_or_else(|_| Outcome::Failed("panicked".to_owned()));
    Judged { name: case.name, op: case.op, promised: case.promised, outcome }
}

fn outcome(folder: &Path, case: &Case) -> Outcome {
    let mut refusal = "it has no form".to_owned();
    for form in &case.forms {
        match attempt(folder, case, form) {
            Ok(()) => return Outcome::Passed(form.ending.clone()),
            Err(Ended::Wrong(why)) => return Outcome::Failed(why),
            Err(Ended::Refused(why)) => refusal = why,
        }
    }
    Outcome::Unsupported(refusal)
}

enum Ended {
    /// By the importer, or by the engine before any run.
    Refused(String),
    /// While running, or the answer is not the expected one.
    Wrong(String),
}

fn attempt(folder: &Path, case: &Case, form: &Form) -> Result<(), Ended> {
    let refused = |error: &dyn std::fmt::Display| Ended::Refused(error.to_string());
    let read = |ending: &str| {
        let path = folder.join(format!("{}{}.{ending}", case.name, form.ending));
        fs::read(path).map_err(|error| Ended::Wrong(error.to_string()))
    };
    let imported = dunlin_import::import_with_sizes(&read("onnx")?, &form.sizes).map_err(|error| refused(&error))?;
    let model = PlanEngine::default().compile(&imported.graph, &imported.weights).map_err(|error| refused(&error))?;
    let elements: Vec<f32> = read("bin")?.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let mut rest = elements.as_slice();
    let inputs = take(&mut rest, &form.inputs)?;
    let expected = take(&mut rest, &form.outputs)?;
    let mut output = RawOutput::default();
    model.new_run().run(&inputs, &mut output).map_err(|error| Ended::Wrong(error.to_string()))?;
    compare(case, &output.tensors, &expected).map_err(Ended::Wrong)
}

/// Tensors of these shapes from the front of the elements.
fn take(elements: &mut &[f32], shapes: &[Vec<usize>]) -> Result<Vec<Tensor>, Ended> {
    let one = |shape: &Vec<usize>| {
        let (front, back) = elements.split_at_checked(shape.iter().product()).ok_or("the case has too few elements")?;
        *elements = back;
        Ok(Tensor { shape: shape.clone(), data: front.to_vec() })
    };
    shapes.iter().map(one).collect::<Result<_, &str>>().map_err(|why| Ended::Wrong(why.to_owned()))
}

fn compare(case: &Case, found: &[Tensor], expected: &[Tensor]) -> Result<(), String> {
    if found.len() != expected.len() {
        return Err(format!("{} outputs, {} are expected", found.len(), expected.len()));
    }
    for (number, (found, expected)) in found.iter().zip(expected).enumerate() {
        // An output that has no batch in the file is given out as a batch of one.
        let batched = found.shape.strip_prefix(&[1]) == Some(&expected.shape);
        if found.shape != expected.shape && !batched {
            return Err(format!("output {number} has shape {:?}, {:?} is expected", found.shape, expected.shape));
        }
        let pairs = found.data.iter().zip(&expected.data).enumerate();
        for (element, (found, expected)) in pairs {
            if !agrees(case, f64::from(*found), f64::from(*expected)) {
                return Err(format!("output {number}, element {element}: {found}, {expected} is expected"));
            }
        }
    }
    Ok(())
}

fn agrees(case: &Case, found: f64, expected: f64) -> bool {
    let equal = found == expected || found.is_nan() && expected.is_nan();
    equal || expected.is_finite() && (found - expected).abs() <= case.atol + case.rtol * expected.abs()
}
