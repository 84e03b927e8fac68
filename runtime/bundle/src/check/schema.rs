//! The schema by itself: every feature and output says exactly what its type needs.

use serde_json::Value;

use super::{Check, check_names, ensure, within_limit};
use crate::limits;
use crate::schema::{Feature, FeatureType, FloatDomain, MissingPolicy, Output, Schema, Task, UnseenPolicy};
use crate::tensor::element_count;

pub(super) fn check(schema: &Schema) -> Check {
    within_limit("MAX_FEATURES", schema.feature.len(), limits::MAX_FEATURES)?;
    ensure(!schema.feature.is_empty(), "feature", "there is none")?;
    ensure(!schema.output.is_empty(), "output", "there is none")?;
    check_names("feature", schema.feature.iter().map(|f| f.name.as_str()))?;
    check_names("output", schema.output.iter().map(|o| o.name.as_str()))?;
    schema.feature.iter().try_for_each(check_feature)?;
    schema.output.iter().try_for_each(check_output)
}

fn check_feature(feature: &Feature) -> Check {
    check_tensor(feature)?;
    check_domains(feature)?;
    check_strings(feature)?;
    let at = || at(feature);
    let share = feature.presence.min_fraction;
    ensure((0.0..=1.0).contains(&share), at(), "presence.min_fraction is not from 0 to 1")?;
    let covered = share >= 1.0 || feature.missing != MissingPolicy::Refuse;
    ensure(covered, at(), "it may be absent, but its missing policy refuses records without it")?;
    match &feature.missing {
        MissingPolicy::Impute { value } => {
            ensure(is_valid(feature, value), at(), "its imputed value fails its own checks")
        }
        MissingPolicy::Refuse => Ok(()),
    }
}

fn check_tensor(feature: &Feature) -> Check {
    let is_tensor = feature.kind == FeatureType::Tensor;
    ensure(feature.dtype.is_some() == is_tensor, at(feature), "a tensor needs a dtype, and nothing else has one")?;
    ensure(feature.shape.is_some() == is_tensor, at(feature), "a tensor needs a shape, and nothing else has one")?;
    let summaries = &feature.drift_summaries;
    ensure(summaries.is_empty() || is_tensor, at(feature), "only a tensor has drift_summaries")?;
    let unique = summaries.iter().enumerate().all(|(i, scalar)| !summaries[..i].contains(scalar));
    ensure(unique, at(feature), "a drift summary comes twice")?;
    if !is_tensor {
        return Ok(());
    }
    let sizes = feature.tensor_sizes();
    within_limit("MAX_RANK", sizes.len(), limits::MAX_RANK)?;
    ensure(!sizes.is_empty() && !sizes.contains(&0), at(feature), "its shape has no dimension, or one of size zero")?;
    match element_count(&sizes) {
        Some(_) => Ok(()),
        None => within_limit(
            "MAX_TENSOR_ELEMENTS",
            sizes.iter().fold(1, |n, d| n.saturating_mul(*d)),
            limits::MAX_TENSOR_ELEMENTS,
        ),
    }
}

fn check_domains(feature: &Feature) -> Check {
    if let Some(domain) = feature.int_domain {
        ensure(feature.kind == FeatureType::Integer, at(feature), "only an integer has an int_domain")?;
        ensure(domain.min <= domain.max, at(feature), "its int_domain has min above max")?;
    }
    if let Some(domain) = feature.float_domain {
        let has_reals = matches!(feature.kind, FeatureType::Number | FeatureType::Tensor);
        ensure(has_reals, at(feature), "only a number or a tensor has a float_domain")?;
        ensure(is_good(domain), at(feature), "its float_domain is not finite with min up to max")?;
    }
    Ok(())
}

fn check_strings(feature: &Feature) -> Check {
    let is_category = feature.kind == FeatureType::Category;
    let Some(domain) = &feature.string_domain else {
        return ensure(!is_category, at(feature), "a category needs a vocabulary in string_domain.value");
    };
    let has_strings = is_category || feature.kind == FeatureType::Text;
    ensure(has_strings, at(feature), "only a category or a text has a string_domain")?;
    ensure(
        domain.value.is_empty() != is_category,
        at(feature),
        "a category needs a vocabulary, and nothing else has one",
    )?;
    within_limit("MAX_LEVELS", domain.value.len(), limits::MAX_LEVELS)?;
    let mut seen = std::collections::HashSet::new();
    ensure(domain.value.iter().all(|level| seen.insert(level)), at(feature), "a level of its vocabulary comes twice")
}

fn check_output(output: &Output) -> Check {
    let at = || format!("output `{}`", output.name);
    within_limit("MAX_LEVELS", output.classes.len(), limits::MAX_LEVELS)?;
    let mut seen = std::collections::HashSet::new();
    ensure(output.classes.iter().all(|class| seen.insert(class)), at(), "a class comes twice")?;
    let enough = match output.task {
        Task::MulticlassClassification => output.classes.len() >= 2,
        Task::BinaryClassification => output.classes.len() == 2,
        Task::Regression | Task::Embedding => output.classes.is_empty(),
    };
    ensure(enough, at(), "its number of classes does not suit its task")?;
    ensure(output.float_domain.is_none_or(is_good), at(), "its float_domain is not finite with min up to max")
}

fn is_good(domain: FloatDomain) -> bool {
    let FloatDomain { min, max } = domain;
    let finite = [min, max].into_iter().flatten().all(f64::is_finite);
    finite && min.zip(max).is_none_or(|(min, max)| min <= max)
}

/// Whether a value in JSON form is of a feature's type and within its domain.
fn is_valid(feature: &Feature, value: &Value) -> bool {
    let in_reals = |v: f64| feature.float_domain.is_none_or(|domain| domain.contains(v));
    match feature.kind {
        FeatureType::Number => value.as_f64().is_some_and(in_reals),
        FeatureType::Integer => {
            value.as_i64().is_some_and(|v| feature.int_domain.is_none_or(|d| (d.min..=d.max).contains(&v)))
        }
        FeatureType::Category => value.as_str().is_some_and(|level| accepts_level(feature, level)),
        FeatureType::Boolean => value.is_boolean(),
        FeatureType::Text => value.as_str().is_some_and(|text| {
            feature.string_domain.as_ref().and_then(|d| d.max_bytes).is_none_or(|max| text.len() <= max)
        }),
        FeatureType::Tensor => {
            let mut count = 0;
            value.is_array()
                && all_numbers(value, &mut |v| {
                    count += 1;
                    in_reals(v)
                })
                && Some(count) == element_count(&feature.tensor_sizes())
        }
    }
}

fn accepts_level(feature: &Feature, level: &str) -> bool {
    let Some(domain) = &feature.string_domain else { return false };
    domain.unseen == UnseenPolicy::Accept || domain.value.iter().any(|known| known == level)
}

/// Whether nested arrays hold nothing but numbers that satisfy a condition.
fn all_numbers(value: &Value, holds: &mut impl FnMut(f64) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| all_numbers(item, holds)),
        _ => value.as_f64().is_some_and(holds),
    }
}

fn at(feature: &Feature) -> String {
    format!("feature `{}`", feature.name)
}
