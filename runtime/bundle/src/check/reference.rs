//! The reference against the schema: distributions of what the schema has, thresholds that can be met.

use std::collections::BTreeMap;

use dunlin_drift::Bins;

use super::{Check, Fault, ensure};
use crate::reference::{GuardThresholds, Reference};
use crate::schema::{FeatureType, Schema};

/// What a distribution may be called, and whether it is of numbers (else of levels, or of either).
type Names = BTreeMap<String, Option<bool>>;

pub(super) fn check(reference: &Reference, schema: &Schema, has_baseline: bool) -> Check {
    let names = names(schema)?;
    for (name, histogram) in &reference.distributions {
        let at = || format!("distribution `{}`", name.escape_debug());
        let Some(of_numbers) = names.get(name) else {
            return Err(Fault::new(at(), "the schema has nothing of that name"));
        };
        histogram.validate().map_err(|error| Fault::new(at(), error.to_string()))?;
        let suits = of_numbers.is_none_or(|numbers| numbers == matches!(histogram.bins(), Bins::Edges(_)));
        ensure(suits, at(), "its bins do not suit the feature's type")?;
    }
    check_guard("guard", &reference.guard, &names)?;
    let guard = &reference.baseline_guard;
    ensure(has_baseline || guard.is_none(), "baseline_guard", "the bundle has no baseline")?;
    guard.iter().try_for_each(|guard| check_guard("baseline_guard", guard, &names))?;
    check_scores(reference)
}

/// Every name that a distribution or a scale may have.
fn names(schema: &Schema) -> Result<Names, Fault> {
    let mut names = Names::new();
    let mut add = |name: String, numbers| match names.insert(name.clone(), numbers) {
        None => Ok(()),
        Some(_) => Err(Fault::new(format!("distribution `{name}`"), "the schema has two things of that name")),
    };
    for feature in &schema.feature {
        match feature.kind {
            FeatureType::Tensor => feature
                .drift_summaries
                .iter()
                .try_for_each(|scalar| add(format!("{}.{}", feature.name, scalar.name()), Some(true)))?,
            FeatureType::Number | FeatureType::Integer => add(feature.name.clone(), Some(true))?,
            FeatureType::Category => add(feature.name.clone(), Some(false))?,
            FeatureType::Boolean | FeatureType::Text => add(feature.name.clone(), None)?,
        }
    }
    for output in &schema.output {
        add(format!("{}.confidence", output.name), Some(true))?;
        add(format!("{}.value", output.name), Some(true))?;
    }
    Ok(names)
}

fn check_guard(at: &str, guard: &GuardThresholds, names: &Names) -> Check {
    let confidence = guard.min_confidence;
    ensure(confidence.is_none_or(|c| (0.0..=1.0).contains(&c)), at, "min_confidence is not from 0 to 1")?;
    let Some(distance) = &guard.distance else { return Ok(()) };
    let good = distance.max.is_finite() && distance.max > 0.0;
    ensure(good, at, "distance.max is not a finite number above zero")?;
    for (name, scale) in &distance.scales {
        let at = || format!("{at}, scale `{}`", name.escape_debug());
        ensure(names.get(name) == Some(&Some(true)), at(), "the schema has no number of that name")?;
        let good = scale.center.is_finite() && scale.scale.is_finite() && scale.scale > 0.0;
        ensure(good, at(), "its centre is not finite, or its scale not above zero")?;
    }
    Ok(())
}

fn check_scores(reference: &Reference) -> Check {
    let scores = reference.slices.iter().flat_map(|slice| slice.metrics.values()).chain(reference.metrics.values());
    let ages = &reference.age_curve;
    let finite = scores.copied().chain(ages.iter().map(|point| point.score)).all(f64::is_finite);
    ensure(finite, "metrics", "a score is not finite")?;
    let ascending = ages.windows(2).all(|pair| pair[0].age_days < pair[1].age_days);
    ensure(ascending, "age_curve", "its ages do not ascend")
}
