//! The golden set against schema and graph: complete records, expected outputs of the right width, usable tolerances.

use std::collections::{BTreeMap, HashSet};

use super::graph::row_elements;
use super::{Check, ensure, within_limit};
use crate::golden::{GoldenCase, GoldenSet, Tolerance};
use crate::graph::Graph;
use crate::limits;
use crate::schema::{Feature, FeatureType, Schema};
use crate::weights::{WeightType, Weights};

/// Kernel families that every output has a tolerance for.
const FAMILIES: [&str; 2] = ["f32", "ggml"];

pub(super) fn check(golden: &GoldenSet, schema: &Schema, graph: &Graph) -> Check {
    within_limit("MAX_GOLDEN_CASES", golden.cases.len(), limits::MAX_GOLDEN_CASES)?;
    ensure(!golden.cases.is_empty(), "line 2", "there is no case: nothing would prove the model on the device")?;
    check_tolerances(&golden.header.tolerance, schema)?;
    let widths: BTreeMap<&str, usize> =
        graph.outputs.iter().filter_map(|value| Some((value.name.as_str(), row_elements(value)?))).collect();
    let scalars = schema.feature.iter().filter(|f| f.kind != FeatureType::Tensor);
    let known: HashSet<&str> = scalars.clone().map(|f| f.name.as_str()).collect();
    let required: Vec<&str> = scalars.filter(|f| f.is_required()).map(|f| f.name.as_str()).collect();
    for (index, case) in golden.cases.iter().enumerate() {
        // The header is the first line, and people count lines from one.
        let at = format!("line {}", index + 2);
        check_record(case, &at, &known, &required)?;
        check_expected(case, &at, &widths)?;
    }
    Ok(())
}

fn check_tolerances(tolerance: &BTreeMap<String, BTreeMap<String, Tolerance>>, schema: &Schema) -> Check {
    let outputs: HashSet<&str> = schema.output.iter().map(|output| output.name.as_str()).collect();
    ensure(
        tolerance.keys().all(|name| outputs.contains(name.as_str())),
        "line 1",
        "a tolerance is for an output that the schema does not have",
    )?;
    for output in &schema.output {
        let at = || format!("line 1, output `{}`", output.name);
        let families = tolerance.get(&output.name);
        let complete = families.is_some_and(|families| FAMILIES.iter().all(|family| families.contains_key(*family)));
        ensure(complete, at(), "it has no tolerance for f32 and ggml kernels")?;
        let usable = |part: f64| part.is_finite() && part >= 0.0;
        let mut all = families.into_iter().flat_map(BTreeMap::values);
        ensure(all.all(|t| usable(t.absolute) && usable(t.relative)), at(), "a tolerance is negative or not finite")?;
    }
    Ok(())
}

fn check_record(case: &GoldenCase, at: &str, known: &HashSet<&str>, required: &[&str]) -> Check {
    if let Some(name) = case.record.keys().find(|name| !known.contains(name.as_str())) {
        let name = name.escape_debug();
        return ensure(false, at, format!("`{name}` is no feature, or a tensor, which belongs in golden.safetensors"));
    }
    match required.iter().find(|name| !case.record.contains_key(**name)) {
        Some(name) => ensure(false, at, format!("feature `{name}` is required and absent")),
        None => Ok(()),
    }
}

fn check_expected(case: &GoldenCase, at: &str, widths: &BTreeMap<&str, usize>) -> Check {
    let same = case.expected.keys().map(String::as_str).eq(widths.keys().copied());
    ensure(same, at, "it does not expect something of every output and of nothing else")?;
    for (name, values) in &case.expected {
        ensure(widths.get(name.as_str()) == Some(&values.len()), at, format!("output `{name}` has another width"))?;
        ensure(values.iter().all(|v| v.is_finite()), at, format!("output `{name}`: an expected value is not finite"))?;
    }
    Ok(())
}

/// Checks that every tensor feature, and nothing else, has one row a case.
pub(super) fn check_tensors(tensors: &Weights, schema: &Schema, cases: usize) -> Check {
    let features: Vec<&Feature> = schema.feature.iter().filter(|f| f.kind == FeatureType::Tensor).collect();
    let names: HashSet<&str> = features.iter().map(|f| f.name.as_str()).collect();
    if let Some((name, _)) = tensors.iter().find(|(name, _)| !names.contains(name)) {
        return ensure(false, format!("tensor `{name}`"), "the schema has no tensor feature of that name");
    }
    for feature in features {
        let at = || format!("tensor `{}`", feature.name);
        let Some(found) = tensors.get(&feature.name) else {
            return ensure(false, at(), "a tensor feature has no golden rows");
        };
        let same = feature.dtype.map(WeightType::Dense) == Some(found.dtype);
        ensure(same, at(), "its element type is not that of the feature")?;
        let rows = std::iter::once(cases).chain(feature.tensor_sizes());
        ensure(
            found.shape.iter().copied().eq(rows),
            at(),
            "its shape is not the number of cases by the feature's shape",
        )?;
    }
    Ok(())
}
