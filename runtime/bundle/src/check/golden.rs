//! The golden set against schema and graph: complete records, expected outputs of the right width, usable tolerances.

use std::collections::BTreeMap;

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
    // The header is the first line, and people count lines from one.
    golden
        .cases
        .iter()
        .enumerate()
        .try_for_each(|(i, case)| check_case(case, &format!("line {}", i + 2), schema, &widths))
}

fn check_tolerances(tolerance: &BTreeMap<String, BTreeMap<String, Tolerance>>, schema: &Schema) -> Check {
    let unknown = tolerance.keys().any(|name| schema.output.iter().all(|output| output.name != *name));
    ensure(!unknown, "line 1", "a tolerance is for an output that the schema does not have")?;
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

fn check_case(case: &GoldenCase, at: &str, schema: &Schema, widths: &BTreeMap<&str, usize>) -> Check {
    for name in case.record.keys() {
        let known = schema.feature.iter().any(|f| f.name == *name && f.kind != FeatureType::Tensor);
        ensure(
            known,
            at,
            format!("`{}` is no feature, or a tensor, which belongs in golden.safetensors", name.escape_debug()),
        )?;
    }
    let absent = |f: &&Feature| f.kind != FeatureType::Tensor && f.is_required() && !case.record.contains_key(&f.name);
    if let Some(feature) = schema.feature.iter().find(absent) {
        return ensure(false, at, format!("feature `{}` is required and absent", feature.name));
    }
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
    let unknown = tensors.iter().find(|(name, _)| features.iter().all(|f| f.name != *name));
    if let Some((name, _)) = unknown {
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
