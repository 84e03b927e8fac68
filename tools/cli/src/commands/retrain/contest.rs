//! Champion against challenger, on records that neither was trained on.

use dunlin_bundle::Contents;
use dunlin_drift::{PairedCounts, PairedDecision, PairedOptions, PairedVerdict, decide};
use dunlin_features::Record;
use dunlin_models::LabelledRecord;
use dunlin_predictor::Predictor;
use serde_json::{Value, json};

use crate::engine;
use crate::error::{CliError, Kind};

/// How both did.
pub(super) struct Contest {
    /// On which records.
    pub(super) on: &'static str,
    pub(super) records: usize,
    /// Share of records that each got right and accepted.
    pub(super) champion: f64,
    pub(super) challenger: f64,
    verdict: PairedVerdict,
}

impl Contest {
    pub(super) fn is_won(&self) -> bool {
        self.verdict.decision == PairedDecision::Better
    }

    pub(super) fn is_lost(&self) -> bool {
        self.verdict.decision == PairedDecision::Worse
    }

    pub(super) fn decision(&self) -> &'static str {
        match self.verdict.decision {
            PairedDecision::Better => "better",
            PairedDecision::NotWorse => "not worse",
            PairedDecision::Worse => "worse",
            PairedDecision::Undecided => "undecided",
        }
    }

    pub(super) fn document(&self) -> Value {
        json!({
            "on": self.on, "records": self.records, "champion": self.champion, "challenger": self.challenger,
            "verdict": self.verdict,
        })
    }
}

/// Lets both answer the records.
pub(super) fn contest(
    on: &'static str,
    champion: &Contents,
    challenger: &Contents,
    records: &[LabelledRecord],
) -> Result<Contest, CliError> {
    let (before, after) = (right(champion, records)?, right(challenger, records)?);
    let mut counts = PairedCounts::default();
    before.iter().zip(&after).for_each(|(champion, challenger)| counts.push(*champion, *challenger));
    let share = |right: &[bool]| right.iter().filter(|right| **right).count() as f64 / right.len().max(1) as f64;
    let verdict = decide(&counts, &PairedOptions::default());
    Ok(Contest { on, records: records.len(), champion: share(&before), challenger: share(&after), verdict })
}

/// Which records a model gets right: the class is the label, and its guard lets it pass. An answer that is kept back is of no
/// use to anybody.
fn right(contents: &Contents, records: &[LabelledRecord]) -> Result<Vec<bool>, CliError> {
    let mut model = Predictor::load(&*engine::chosen()?, contents)?;
    let right = |labelled: &LabelledRecord| {
        let refused = |error: &dyn std::fmt::Display| CliError::new(Kind::Model, "record", error);
        let record = Record::from_json(contents.schema(), &labelled.record).map_err(|e| refused(&e))?;
        let prediction = model.predict(&record).map_err(|e| refused(&e))?;
        let class = prediction.outputs.iter().flatten().find_map(|output| output.class.as_ref());
        let is_right = class.map(|class| &*class.name) == labelled.label.as_ref().and_then(Value::as_str);
        Ok(is_right && prediction.verdict.is_accept())
    };
    records.iter().map(right).collect()
}
