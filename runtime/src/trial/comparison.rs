//! What the two bundles of a trial made of one record.

use std::sync::Arc;

use dunlin_bundle::manifest::Objective;
use dunlin_predictor::{OutputValue, PredictError, Prediction, Reason};

use crate::store::Stage;

/// The two bundles of a trial, as a session knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) model_id: String,
    pub(crate) incumbent: String,
    pub(crate) challenger: String,
    pub(crate) stage: Stage,
    /// The outcome by which they are compared: the challenger's bundle names it.
    pub(crate) objective: Option<Objective>,
}

/// What a row says of its trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    pub(crate) pair: Arc<Pair>,
    /// The challenger answered.
    pub(crate) by_challenger: bool,
    /// Which of the two answered was drawn for this record by itself: in canary, where nobody is known for whom it is.
    pub(crate) by_lot: bool,
    /// Where both ran: the incumbent's and the challenger's, and whether they agree.
    pub(crate) both: Option<([Comparison; 2], bool)>,
    /// Where one ran alone, what it said itself, as the journal keeps it.
    pub(crate) alone: Option<String>,
}

/// What one of the two made of the record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) is_finite: bool,
    pub(crate) accepts: bool,
    pub(crate) in_budget: bool,
    /// As the journal keeps it.
    pub(crate) output: Option<String>,
}

impl Comparison {
    pub(crate) fn of(
        prediction: Result<&Prediction, &PredictError>,
        in_budget: bool,
        output_json: impl Fn(&[OutputValue]) -> Option<String>,
    ) -> Self {
        let Ok(prediction) = prediction else {
            return Self { is_finite: true, accepts: false, in_budget, output: None };
        };
        let is_finite = !prediction.verdict.reasons().iter().any(|r| matches!(r, Reason::NonFinite { .. }));
        let output = prediction.outputs.as_deref().and_then(output_json);
        Self { is_finite, accepts: prediction.verdict.is_accept(), in_budget, output }
    }
}

/// Whether two bundles say the same: one class, or numbers within 5 % of each other.
pub(crate) fn agree(one: Option<&[OutputValue]>, other: Option<&[OutputValue]>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return one.is_none() && other.is_none() };
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| says_the_same(one, other))
}

fn says_the_same(one: &OutputValue, other: &OutputValue) -> bool {
    const TOLERANCE: f32 = 0.05;
    match (&one.class, &other.class) {
        (Some(one), Some(other)) => one.name == other.name,
        _ => {
            let near = |(a, b): (&f32, &f32)| (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()) + f32::EPSILON;
            one.values.len() == other.values.len() && one.values.iter().zip(&other.values).all(near)
        }
    }
}
