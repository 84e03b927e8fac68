//! Elec2 in time order: half-hourly prices and demand of two electricity markets, a model trained once, and what watching
//! it would have told week by week.
//!
//! Source: M. Harries 1999, "Splice-2 comparative evaluation: electricity pricing"; 45,312 half hours of New South Wales
//! and Victoria, 7 May 1996 to 5 December 1998. The label is whether the price is above its mean of the last day.

mod data;
pub(crate) mod figure;
mod model;

use dunlin_drift::{Adwin, Comparison, Histogram, PageHinkley, alarms};

use crate::simulation::device::Watched;
pub(crate) use data::{HalfHour, read};
use model::Logistic;

/// What is watched; the time of day is an input of the model, but a clock does not drift.
pub(crate) const FEATURES: [&str; 5] = ["nswprice", "nswdemand", "vicprice", "vicdemand", "transfer"];
/// A week.
const WINDOW: usize = 336;
/// Weeks without alarm that are the device's own past.
const PAST_WEEKS: usize = 6;

/// What a week says of one feature against one reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    NoEvidence,
    Calm,
    Alarm,
}

/// One week of the watch.
#[derive(Clone, Debug)]
pub(crate) struct Week {
    pub(crate) accuracy: f64,
    /// Against training, and against the own past (`None` while that is being gathered).
    pub(crate) training: [Word; FEATURES.len()],
    pub(crate) past: Option<[Word; FEATURES.len()]>,
    /// Whether a detector reported in this week.
    pub(crate) adwin: bool,
    pub(crate) page_hinkley: bool,
    /// The largest effective size of a feature.
    pub(crate) effective: [f64; FEATURES.len()],
}

/// The whole run.
pub(crate) struct Run {
    pub(crate) training_accuracy: f64,
    pub(crate) weeks: Vec<Week>,
    pub(crate) adwin: u64,
    pub(crate) page_hinkley: u64,
}

/// Trains on the first fifth and watches the rest.
pub(crate) fn run(rows: &[HalfHour]) -> Run {
    let (training, rest) = rows.split_at(rows.len() / 5);
    let model = Logistic::fit(training);
    let column =
        |rows: &[HalfHour], feature: usize| -> Vec<f64> { rows.iter().map(|row| row.watched[feature]).collect() };
    let columns: [Vec<f64>; FEATURES.len()] = std::array::from_fn(|feature| column(training, feature));
    let against_training: [Watched; FEATURES.len()] = std::array::from_fn(|f| {
        // On the bins of the training sample, but in time order, so that the sample is not taken for more than it is.
        Watched::past(Watched::training(&columns[f]).reference.bins(), &columns[f])
    });
    let bins = against_training.each_ref().map(|watched| watched.reference.bins().clone());
    let mut past: [Vec<f64>; FEATURES.len()] = Default::default();
    let mut past_weeks = 0;
    let (mut adwin, mut page_hinkley) = (Adwin::default(), PageHinkley::default());
    let mut weeks = Vec::new();
    for rows in rest.chunks_exact(WINDOW) {
        let windows: [Vec<f64>; FEATURES.len()] = std::array::from_fn(|feature| column(rows, feature));
        let judge = |watched: &[Watched; FEATURES.len()]| {
            words(&std::array::from_fn::<_, { FEATURES.len() }, _>(|f| watched[f].compare(&windows[f])))
        };
        let against_past = (past_weeks > 0).then(|| judge(&std::array::from_fn(|f| Watched::past(&bins[f], &past[f]))));
        let calm = against_past.is_none_or(|words| !words.contains(&Word::Alarm));
        if past_weeks < PAST_WEEKS && calm {
            past_weeks += 1;
            past.iter_mut().zip(&windows).for_each(|(past, window)| past.extend(window));
        }
        let wrong: Vec<bool> = rows.iter().map(|row| model.rises(row) != row.rises).collect();
        let error = |wrong: &bool| f64::from(u8::from(*wrong));
        weeks.push(Week {
            accuracy: 1.0 - wrong.iter().map(error).sum::<f64>() / WINDOW as f64,
            training: judge(&against_training),
            past: against_past,
            adwin: wrong.iter().filter(|wrong| adwin.update(error(wrong))).count() > 0,
            page_hinkley: wrong.iter().filter(|wrong| page_hinkley.update(error(wrong))).count() > 0,
            effective: std::array::from_fn(|f| effective(&against_training[f], &windows[f])),
        });
    }
    let right = training.iter().filter(|row| model.rises(row) == row.rises).count();
    let training_accuracy = right as f64 / training.len() as f64;
    Run { training_accuracy, weeks, adwin: adwin.changes(), page_hinkley: page_hinkley.changes() }
}

fn effective(watched: &Watched, window: &[f64]) -> f64 {
    let (_, effective): (Histogram, f64) = watched.window(window);
    effective
}

fn words(compared: &[Option<Comparison>; FEATURES.len()]) -> [Word; FEATURES.len()] {
    let judged = alarms(compared);
    std::array::from_fn(|feature| match &judged[feature] {
        None => Word::NoEvidence,
        Some(judged) if judged.alarm => Word::Alarm,
        Some(_) => Word::Calm,
    })
}
