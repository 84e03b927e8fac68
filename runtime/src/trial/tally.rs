//! What a trial has counted: enough to decide, and of records no more than one loss that waits for another.

use dunlin_bundle::manifest::{Direction, Objective};
use dunlin_drift::PairedCounts;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::comparison::{Compared, Comparison};
use crate::store::Stage;

/// The counts of one trial; a checkpoint in the journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tally {
    /// How far it had come when a row was last counted.
    pub(super) stage: u8,
    /// Records that the incumbent and the challenger answered.
    pub(super) answered: [u64; 2],
    /// Records of the canary that were divided by lot, one by one.
    pub(super) drawn: [u64; 2],
    /// Records on which both ran.
    pub(super) compared: u64,
    /// Of these in the present stage.
    pub(super) compared_in_stage: u64,
    /// Of the compared, those on which both said the same.
    pub(super) agreed: u64,
    /// The challenger's answers with NaN or infinity where the incumbent had none, or did not run.
    pub(super) non_finite: u64,
    /// Which of the two accepted its own answer.
    pub(super) accepted: PairedCounts,
    /// Which of the two kept within the challenger's latency budget.
    pub(super) in_budget: PairedCounts,
    /// Which of the two was right, by the labels; for numbers, which was nearer.
    pub(super) right: PairedCounts,
    /// Which of the two did better, each on a record of its own: by the objective's outcome where there is one, else by
    /// labels.
    pub(super) apart: PairedCounts,
    /// The loss that waits for the next one, and which of the two it is of.
    pub(super) unmet: Option<(usize, f64)>,
    /// What `apart` goes by; labels where there is none.
    pub(super) objective: Option<Objective>,
}

impl Tally {
    /// Counts a row.
    pub(super) fn add(&mut self, row: &Compared, was_finite: bool) {
        self.advance(row.pair.stage);
        let at = usize::from(row.by_challenger);
        self.answered[at] = self.answered[at].saturating_add(1);
        self.drawn[at] = self.drawn[at].saturating_add(u64::from(row.by_lot));
        self.objective.clone_from(&row.pair.objective);
        let Some(([incumbent, challenger], agreed)) = &row.both else {
            self.non_finite += u64::from(row.by_challenger && !was_finite);
            return;
        };
        self.compared += 1;
        self.compared_in_stage += 1;
        self.agreed += u64::from(*agreed);
        self.non_finite += u64::from(incumbent.is_finite && !challenger.is_finite);
        let both = |of: fn(&Comparison) -> bool| (of(incumbent), of(challenger));
        let (accepted, in_budget) = (both(|c| c.accepts), both(|c| c.in_budget));
        self.accepted.push(accepted.0, accepted.1);
        self.in_budget.push(in_budget.0, in_budget.1);
    }

    /// Counts a label against both answers; `None` for one of them that gave none.
    pub(super) fn add_label(&mut self, [incumbent, challenger]: [Option<&Value>; 2], label: &Value) {
        let (incumbent, challenger) = (error_of(incumbent, label), error_of(challenger, label));
        self.right.push(incumbent <= challenger, challenger <= incumbent);
    }

    /// Counts a label against the answer of the one that ran, which was drawn by lot.
    pub(super) fn add_label_apart(&mut self, arm: usize, answer: Option<&Value>, label: &Value) {
        self.add_apart(arm, error_of(answer, label));
    }

    /// Counts an outcome of the record that one of the two answered, drawn by lot; false where it is not what is compared.
    pub(super) fn add_outcome(&mut self, arm: usize, name: &str, value: &Value) -> bool {
        let Some(objective) = self.objective.as_ref().filter(|objective| objective.outcome == name) else {
            return false;
        };
        let Some(value) = value.as_f64().or_else(|| value.as_bool().map(f64::from)) else { return false };
        self.add_apart(arm, if objective.direction == Direction::Maximize { -value } else { value });
        true
    }

    /// Losses are taken two by two, and two of the same side are passed over: of a pair either side is as often the first as the
    /// second, whatever their shares, so that a world that gets better or worse speaks for neither.
    fn add_apart(&mut self, arm: usize, loss: f64) {
        match self.unmet.take() {
            None => self.unmet = Some((arm, loss)),
            Some((other, _)) if other == arm => {}
            Some((other, before)) => {
                let [incumbent, challenger] = if other == 0 { [before, loss] } else { [loss, before] };
                self.apart.push(incumbent <= challenger, challenger <= incumbent);
            }
        }
    }

    pub(super) fn stage(&self) -> Stage {
        match self.stage {
            0 => Stage::Shadow,
            1 => Stage::Canary,
            _ => Stage::Probation,
        }
    }

    /// Goes on to a stage; sessions that were opened before it do not take it back.
    pub(super) fn advance(&mut self, stage: Stage) {
        let stage = stage as u8;
        if stage > self.stage {
            (self.stage, self.compared_in_stage) = (stage, 0);
        }
    }

    /// Begins the last stage anew, for a challenger that had passed it and then answered NaN.
    pub(super) fn reopen(&mut self) {
        self.stage = Stage::Probation as u8;
        self.compared_in_stage = 0;
        self.non_finite = self.non_finite.saturating_add(1);
    }

    pub(super) fn agreement(&self) -> f64 {
        if self.compared == 0 { 0.0 } else { self.agreed as f64 / self.compared as f64 }
    }
}

/// How far an answer is from its label: 0 or 1 for a class, the distance for a number, the most there is for none.
fn error_of(answer: Option<&Value>, label: &Value) -> f64 {
    let Some(answer) = answer.and_then(Value::as_object) else { return f64::MAX };
    let Some(first) = answer.values().next() else { return f64::MAX };
    match (first, label) {
        (Value::Number(answer), Value::Number(label)) => {
            (answer.as_f64().unwrap_or(f64::NAN) - label.as_f64().unwrap_or(f64::NAN)).abs()
        }
        (Value::String(answer), Value::String(label)) => f64::from(u8::from(answer != label)),
        // A class that is named by a number or a boolean.
        (Value::String(answer), label) => {
            let written = label.to_string();
            f64::from(u8::from(*answer != written))
        }
        _ => f64::MAX,
    }
}
