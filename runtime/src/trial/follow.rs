//! Keeps a trial's counts in the transactions of its rows, and acts on the verdict once they are committed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde_json::Value;

use super::comparison::Compared;
use super::judge::{Judgement, Verdict, judge};
use super::policy::TrialPolicy;
use super::tally::Tally;
use crate::ids::PredictionId;
use crate::journal::{Context, Event, Row};
use crate::registry::{Cause, Registry, activate, begin_canary, confirm, events, throw_out, watch_again};
use crate::store::tables::{TableResult, Tables};
use crate::store::{Stage, StorageProblem};

/// No output waits for a label, or not any more.
const NO_OUTPUTS: &str = "[]";

/// The trials of every model.
pub(crate) struct Trials {
    registry: Arc<Registry>,
    policy: TrialPolicy,
    /// By model id; what is not here is in the journal.
    known: BTreeMap<String, Known>,
    /// Changes of state whose events are still to be entered.
    told: Vec<Value>,
}

/// One trial.
struct Known {
    incumbent: String,
    challenger: String,
    tally: Tally,
    changed: bool,
    /// The verdict that was last acted on, and in which stage: rows of sessions that still run in it lead to the same one.
    acted: Option<(Stage, Verdict)>,
}

impl Trials {
    pub(crate) fn new(registry: Arc<Registry>, policy: TrialPolicy) -> Self {
        Self { registry, policy, known: BTreeMap::new(), told: Vec::new() }
    }

    /// Counts a row.
    pub(crate) fn predicted(&mut self, tables: &mut Tables<'_>, id: PredictionId, row: &Row) -> TableResult<()> {
        let is_finite = !row.reasons.iter().any(|reason| reason == "non_finite");
        let Some(compared) = &row.compared else {
            return if is_finite { Ok(()) } else { self.reopen(tables, &row.context) };
        };
        let pair = &compared.pair;
        let known = self.known(tables, &pair.model_id, [&pair.incumbent, &pair.challenger])?;
        known.tally.add(compared, is_finite);
        known.changed = true;
        match kept(compared) {
            Some((outputs, arm)) => tables.keep_compared(id, &pair.challenger, &outputs, arm),
            None => Ok(()),
        }
    }

    /// Counts a label, where both had run on its record, or one that was drawn by lot.
    pub(crate) fn labelled(&mut self, tables: &mut Tables<'_>, id: PredictionId, label: &str) -> TableResult<()> {
        let Some(waiting) = tables.compared(id)? else { return Ok(()) };
        let outputs: Vec<Option<Value>> = serde_json::from_str(&waiting.outputs).unwrap_or_default();
        let Ok(label) = serde_json::from_str(label) else { return Ok(()) };
        let known = self.known(tables, &waiting.model_id, [&waiting.incumbent, &waiting.challenger])?;
        match (&*outputs, waiting.arm) {
            ([incumbent, challenger], arm) => {
                known.tally.add_label([incumbent.as_ref(), challenger.as_ref()], &label);
                tables.keep_compared(id, &waiting.challenger, NO_OUTPUTS, arm)?;
            }
            ([alone], Some(arm)) => {
                known.tally.add_label_apart(arm, alone.as_ref(), &label);
                tables.keep_compared(id, &waiting.challenger, NO_OUTPUTS, None)?;
            }
            _ => return Ok(()),
        }
        known.changed = true;
        Ok(())
    }

    /// Counts an outcome, where the one that answered was drawn by lot and the two are compared by this outcome.
    pub(crate) fn came_out(
        &mut self,
        tables: &mut Tables<'_>,
        id: PredictionId,
        name: &str,
        value: &str,
    ) -> TableResult<()> {
        let Some(waiting) = tables.compared(id)? else { return Ok(()) };
        let (Some(arm), Ok(value)) = (waiting.arm, serde_json::from_str(value)) else { return Ok(()) };
        let known = self.known(tables, &waiting.model_id, [&waiting.incumbent, &waiting.challenger])?;
        if known.tally.add_outcome(arm, name, &value) {
            known.changed = true;
            tables.keep_compared(id, &waiting.challenger, &waiting.outputs, None)?;
        }
        Ok(())
    }

    /// Has the previous bundle watch again, because the active one, which had earned its place, answered NaN.
    fn reopen(&mut self, tables: &Tables<'_>, context: &Context) -> TableResult<()> {
        let model_id = &context.model_id;
        match watch_again(&self.registry, model_id, context.sequence) {
            Ok(Some((trial, told))) => {
                let known = self.known(tables, model_id, [&trial.incumbent, &trial.challenger])?;
                known.tally.reopen();
                (known.changed, known.acted) = (true, None);
                self.told.extend(told);
            }
            Ok(None) => {}
            Err(problem) => log::warn!("{model_id} answered NaN, and nobody watches: {problem}"),
        }
        Ok(())
    }

    /// Writes what has changed.
    pub(crate) fn save(&mut self, tables: &mut Tables<'_>) -> TableResult<()> {
        for (model_id, known) in self.known.iter().filter(|(_, known)| known.changed) {
            tables.save_trial(model_id, &known.incumbent, &known.challenger, &known.tally)?;
        }
        Ok(())
    }

    /// Acts on what was just committed; gives the events of it. Nothing is lost if the process dies here: the next row or
    /// label leads to the same verdict.
    pub(crate) fn act(&mut self, wall_us: i64) -> Vec<Event> {
        let mut entered: Vec<Event> = events(std::mem::take(&mut self.told), wall_us).collect();
        for (model_id, known) in &mut self.known {
            if !std::mem::take(&mut known.changed) {
                continue;
            }
            let stage = known.tally.stage();
            let judged = judge(&known.tally, &self.policy);
            let acting = Some((stage, judged.verdict));
            if judged.verdict == Verdict::Wait || known.acted == acting {
                continue;
            }
            match carry_out(&self.registry, model_id, &known.challenger, stage, judged) {
                Ok(details) => {
                    known.acted = acting;
                    entered.extend(events(details, wall_us));
                }
                Err(problem) => log::warn!("the verdict on {model_id}'s trial waits: {problem}"),
            }
        }
        entered
    }

    /// The tables are not what they were left as.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }

    fn known(&mut self, tables: &Tables<'_>, model_id: &str, digests: [&str; 2]) -> TableResult<&mut Known> {
        let begin = || Known::begin(tables, model_id, digests);
        match self.known.entry(model_id.to_owned()) {
            Entry::Vacant(vacant) => Ok(vacant.insert(begin()?)),
            Entry::Occupied(occupied) => {
                let known = occupied.into_mut();
                if known.challenger != digests[1] {
                    *known = begin()?;
                }
                Ok(known)
            }
        }
    }
}

impl Known {
    /// Takes up a trial, or begins one in the place of an earlier one.
    fn begin(tables: &Tables<'_>, model_id: &str, [incumbent, challenger]: [&str; 2]) -> TableResult<Self> {
        let tally = match tables.trial(model_id, challenger)? {
            Some(tally) => tally,
            None => {
                tables.save_trial(model_id, incumbent, challenger, &Tally::default())?;
                Tally::default()
            }
        };
        let (incumbent, challenger) = (incumbent.to_owned(), challenger.to_owned());
        Ok(Self { incumbent, challenger, tally, changed: false, acted: None })
    }
}

/// What waits for a label or an outcome: the outputs, and which of the two answered where that is what is compared.
fn kept(compared: &Compared) -> Option<(String, Option<usize>)> {
    let arm = compared.by_lot.then_some(usize::from(compared.by_challenger));
    let has_objective = compared.pair.objective.is_some();
    match &compared.both {
        Some((both, _)) => {
            let [incumbent, challenger] = both.each_ref().map(|one| one.output.as_deref().unwrap_or("null"));
            Some((format!("[{incumbent},{challenger}]"), arm.filter(|_| has_objective)))
        }
        None if has_objective => Some((NO_OUTPUTS.to_owned(), Some(arm?))),
        None => Some((format!("[{}]", compared.alone.as_deref().unwrap_or("null")), Some(arm?))),
    }
}

fn carry_out(
    registry: &Registry,
    model_id: &str,
    challenger: &str,
    stage: Stage,
    judged: Judgement,
) -> Result<Vec<Value>, StorageProblem> {
    let cause = Cause { code: judged.cause.into(), figures: judged.figures };
    match (judged.verdict, stage) {
        (Verdict::ThrowOut, _) => {
            Ok(throw_out(registry, model_id, challenger, &cause)?.map_or(vec![], |(_, told)| told))
        }
        (_, Stage::Shadow) => begin_canary(registry, model_id, challenger, &cause),
        (_, Stage::Canary) => Ok(activate(registry, model_id, challenger, &cause)?.map_or(vec![], |(_, told)| told)),
        (_, Stage::Probation) => confirm(registry, model_id, challenger, &cause),
    }
}
