//! `cases.json` and how an answer is held against what it expects.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::lifecycle::{Lifecycle, Trial};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cases {
    pub(crate) keys: Vec<Key>,
    pub(crate) models: BTreeMap<String, String>,
    pub(crate) cases: Vec<Case>,
    pub(crate) installs: Vec<Install>,
    pub(crate) trial: Trial,
    pub(crate) lifecycles: Vec<Lifecycle>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) file: String,
}

/// A record and what must come of it: `expect` or `error`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) model: String,
    /// The record as JSON, by its value or (where it is none) by its text.
    pub(crate) record: Option<Map<String, Value>>,
    pub(crate) json: Option<String>,
    /// Values given by name, after the record: kind, name, value. A tensor is its bytes in hexadecimal.
    #[serde(default)]
    pub(crate) build: Vec<(String, String, Value)>,
    pub(crate) expect: Option<Expected>,
    pub(crate) error: Option<ExpectedError>,
}

/// What is not named is not compared.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) verdict: Option<String>,
    pub(crate) answered_by: Option<String>,
    #[serde(default, with = "present")]
    pub(crate) class: Option<Option<String>>,
    #[serde(default, with = "present")]
    pub(crate) probability: Option<Option<f64>>,
    #[serde(default, with = "present")]
    pub(crate) confidence: Option<Option<f64>>,
    #[serde(default, with = "present")]
    pub(crate) distance: Option<Option<f64>>,
    pub(crate) values: Option<BTreeMap<String, Vec<f64>>>,
    #[serde(default)]
    pub(crate) reasons: Vec<ExpectedReason>,
    #[serde(default)]
    pub(crate) tolerance: f64,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedReason {
    pub(crate) code: String,
    pub(crate) culprit: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedError {
    pub(crate) kind: String,
    pub(crate) code: Option<String>,
    pub(crate) feature: Option<String>,
}

/// A bundle and what must come of installing it, in a fresh folder after the bundles `before`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Install {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) before: Vec<String>,
    pub(crate) bundle: String,
    pub(crate) source: String,
    pub(crate) expect: Option<ExpectedInstall>,
    pub(crate) error: Option<ExpectedError>,
    /// The version of `tiny` that answers afterwards.
    pub(crate) active: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedInstall {
    pub(crate) outcome: String,
    pub(crate) model_id: String,
    pub(crate) version: String,
    pub(crate) sequence: u64,
    pub(crate) signer: String,
}

/// A field that is there with `null` is not one that is left out.
mod present {
    use serde::{Deserialize, Deserializer};

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

/// An answer, whichever way it came.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) verdict: &'static str,
    pub(crate) answered_by: String,
    pub(crate) class: Option<(String, f64)>,
    pub(crate) confidence: Option<f64>,
    pub(crate) distance: Option<f64>,
    pub(crate) values: BTreeMap<String, Vec<f64>>,
    pub(crate) reasons: Vec<ExpectedReason>,
}

impl Case {
    /// The text of the record, where the case has one.
    pub(crate) fn record_json(&self) -> Option<String> {
        let written = self.record.as_ref().map(|record| Value::Object(record.clone()).to_string());
        written.or_else(|| self.json.clone())
    }

    /// Why what came is not what was expected.
    pub(crate) fn failure(&self, came: Result<Answered, ExpectedError>) -> Option<String> {
        let difference = match (&self.expect, &self.error, came) {
            (Some(expected), None, Ok(answered)) => expected.difference(&answered),
            (None, Some(expected), Err(error)) => different("error", expected, &error),
            (_, _, came) => Some(format!("{came:?} came")),
        };
        difference.map(|difference| format!("{}: {difference}", self.name))
    }
}

impl Expected {
    fn difference(&self, found: &Answered) -> Option<String> {
        let near = |a: f64, b: f64| (a - b).abs() <= self.tolerance;
        let both = |a: &Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => near(*a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let (class, probability) = found.class.clone().unzip();
        let values = |expected: &BTreeMap<String, Vec<f64>>| {
            expected.len() == found.values.len()
                && expected.iter().zip(&found.values).all(|((name, a), (found, b))| {
                    name == found && a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(*a, *b))
                })
        };
        let checks = [
            ("verdict", self.verdict.as_ref().is_none_or(|verdict| verdict == found.verdict)),
            ("answered_by", self.answered_by.as_ref().is_none_or(|by| *by == found.answered_by)),
            ("class", self.class.as_ref().is_none_or(|expected| *expected == class)),
            ("probability", self.probability.as_ref().is_none_or(|expected| both(expected, probability))),
            ("confidence", self.confidence.as_ref().is_none_or(|expected| both(expected, found.confidence))),
            ("distance", self.distance.as_ref().is_none_or(|expected| both(expected, found.distance))),
            ("values", self.values.as_ref().is_none_or(values)),
            ("reasons", self.reasons == found.reasons),
        ];
        let wrong: Vec<&str> = checks.iter().filter(|(_, right)| !right).map(|(what, _)| *what).collect();
        (!wrong.is_empty()).then(|| format!("{} of {found:?}", wrong.join(", ")))
    }
}

impl Install {
    /// Why what came is not what was expected.
    pub(crate) fn failure(
        &self,
        came: &Result<ExpectedInstall, ExpectedError>,
        active: Option<String>,
    ) -> Option<String> {
        let difference = match (&self.expect, &self.error, came) {
            (Some(expected), None, Ok(report)) => different("report", expected, report),
            (None, Some(expected), Err(error)) => different("error", expected, error),
            (_, _, came) => Some(format!("{came:?} came")),
        };
        let difference = difference.or_else(|| different("active", &self.active, &active));
        difference.map(|difference| format!("{}: {difference}", self.name))
    }
}

fn different<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, found: &T) -> Option<String> {
    (expected != found).then(|| format!("{what} {found:?}, {expected:?} is expected"))
}

/// A number of a case: JSON has no word for some of them.
pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

/// The bytes that a text of hexadecimal digits stands for.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
