//! The runtime's side of asking: what may be asked is decided in memory, and written behind the caller's back.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dunlin_bundle::schema::Schema;
use dunlin_features::Record;

use super::gate::{Gate, Shut};
use super::leaving::Leaving;
use super::policy::MAX_WAITING;
use super::request::FallbackRequest;
use super::rules::FallbackPolicy;
use crate::answer::{Answer, AnsweredBy};
use crate::clock::{Clock, Moment};
use crate::counters::{Counter, Counters};
use crate::ids::PredictionId;
use crate::journal::Journal;

/// A policy, and how asking has gone. Sessions share it: the budget and the circuit are the installation's.
pub(crate) struct Desk {
    policy: FallbackPolicy,
    kept: Arc<Mutex<Kept>>,
}

/// The gate, and whether the writer has been told to save it.
struct Kept {
    gate: Gate,
    queued: bool,
}

/// The requests of a session that wait for their answers.
#[derive(Debug, Default)]
pub(crate) struct Waiting(BTreeSet<PredictionId>);

impl Desk {
    /// Goes on from where an earlier opening left off. Where that cannot be read yet, it is taken up once it can.
    pub(crate) fn open(policy: FallbackPolicy, clock: &Clock, journal: &Journal) -> Self {
        let gate = Gate::new(&policy);
        let desk = Self { policy, kept: Arc::new(Mutex::new(Kept { gate, queued: false })) };
        match journal.transact(false, |tables, _, _| tables.fallback_state()) {
            Ok(stored) => lock(&desk.kept).gate.take_up(stored, clock.now()),
            Err(problem) => log::debug!("the cloud fallback's budget is in memory alone for now: {problem}"),
        }
        desk
    }

    /// What of a schema's records leaves.
    pub(crate) fn leaving(&self, schema: &Schema) -> Leaving {
        Leaving::new(schema, &self.policy)
    }

    /// A request for an answer that asks for one, if nothing speaks against it; counts what does.
    pub(crate) fn request(
        &self,
        (journal, counters): (&Journal, &Counters),
        (schema, leaving): (&Schema, &Leaving),
        model_id: &str,
        record: &Record<'_>,
        answer: &Answer,
        now: Moment,
    ) -> Option<FallbackRequest> {
        let is_open = self.policy.ask_over_baseline || answer.answered_by == AnsweredBy::Nobody;
        if !is_open || !self.policy.asks_on(answer.verdict()) {
            return None;
        }
        let Some(values) = leaving.values(schema, record) else {
            counters.add(Counter::FallbackWithheld, 1);
            return None;
        };
        let asked = lock(&self.kept).gate.ask(now);
        match asked {
            Ok(()) => {}
            Err(Shut::OverBudget) => {
                counters.add(Counter::FallbackOverBudget, 1);
                return None;
            }
            Err(Shut::CircuitOpen) => {
                counters.add(Counter::FallbackCircuitOpen, 1);
                return None;
            }
        }
        counters.add(Counter::FallbackRequests, 1);
        self.save(journal);
        Some(FallbackRequest::new(answer.id, model_id, self.policy.deadline, now, values))
    }

    /// Takes in how a request went: whether the service did its work.
    pub(crate) fn settle(&self, journal: &Journal, worked: bool, now: Moment) {
        lock(&self.kept).gate.settle(worked, now);
        self.save(journal);
    }

    /// Has the state written at the writer's next opportunity, without waiting for it. What cannot be written is written
    /// with the next request.
    fn save(&self, journal: &Journal) {
        if std::mem::replace(&mut lock(&self.kept).queued, true) {
            return;
        }
        let queued = Queued(Arc::clone(&self.kept));
        // The lock is never held while the disk is worked on: a prediction may be waiting for it.
        journal.post(move |tables, _, now| {
            queued.done();
            if !lock(&queued.0).gate.taken_up {
                let stored = tables.fallback_state()?;
                lock(&queued.0).gate.take_up(stored, now);
            }
            let state = lock(&queued.0).gate.state();
            tables.save_fallback_state(&state)
        });
    }
}

/// A save that the writer has not come to; one that it cannot make (a full disk, a locked folder) ends with it.
struct Queued(Arc<Mutex<Kept>>);

impl Queued {
    /// What changes from now on needs a save of its own.
    fn done(&self) {
        lock(&self.0).queued = false;
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.done();
    }
}

impl Waiting {
    /// Remembers a request; of too many, the oldest is forgotten.
    pub(crate) fn add(&mut self, id: PredictionId) {
        self.0.insert(id);
        if self.0.len() > MAX_WAITING {
            self.0.pop_first();
        }
    }

    /// Forgets a request; whether it was waiting.
    pub(crate) fn take(&mut self, id: PredictionId) -> bool {
        self.0.remove(&id)
    }
}

/// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use dunlin_predictor::{Prediction, Reason, Verdict};

    use super::*;
    use crate::ids::Epoch;
    use crate::journal::JournalConfig;
    use crate::store::Folder;

    fn id(counter: u32) -> PredictionId {
        PredictionId::new(Epoch::counted(1).unwrap(), counter)
    }

    #[test]
    fn a_request_waits_once_and_of_too_many_the_oldest_is_forgotten() {
        let mut waiting = Waiting::default();
        (0..=MAX_WAITING as u32).for_each(|n| waiting.add(id(n)));
        assert!(!waiting.take(id(0)) && waiting.take(id(1)) && !waiting.take(id(1)));
    }

    /// An answer on which the model abstained.
    fn unsure() -> Answer {
        let reason = Reason::LowConfidence { output: "y".into(), confidence: 0.4, min: 0.5 };
        let verdict = Verdict::Abstain(vec![reason]);
        let prediction = Prediction { outputs: None, verdict, confidence: None, distance: None };
        let (latency, answered_by) = (Duration::ZERO, AnsweredBy::Nobody);
        Answer { id: id(1), outputs: None, answered_by, prediction, latency, stale: false, fallback: None }
    }

    #[test]
    fn asking_and_settling_never_wait_for_a_writer_that_is_busy() {
        let dir = tempfile::tempdir().unwrap();
        let (clock, counters) = (Clock::system(), Arc::new(Counters::default()));
        let (folder, config) = (Arc::new(Folder::new(dir.path())), JournalConfig::default());
        let journal = Journal::open(folder, clock.clone(), id(1).epoch(), config, Arc::clone(&counters));
        let desk = Desk::open(FallbackPolicy::default(), &clock, &journal);
        let json = serde_json::json!({"feature": [{"name": "x", "type": "NUMBER", "may_leave": true}], "output": []});
        let schema: Schema = serde_json::from_value(json).unwrap();
        let (leaving, record) = (desk.leaving(&schema), Record::new(vec![Some(1.0.into())]));

        let (done, is_done) = channel::<()>();
        let (tell, told) = channel();
        journal.post(move |_, _, _| {
            // A disk that takes its time: until everybody else is done.
            let _ = tell.send(is_done.recv_timeout(Duration::from_secs(20)));
            Ok(())
        });
        let now = clock.now();
        let ask = || desk.request((&journal, &counters), (&schema, &leaving), "m", &record, &unsure(), now);
        assert!(ask().is_some() && ask().is_some());
        desk.settle(&journal, false, now);
        done.send(()).unwrap();
        assert_eq!(told.recv().unwrap(), Ok(()), "the writer was busy until everything was asked");
        let stored = journal.transact(false, |tables, _, _| tables.fallback_state()).unwrap();
        assert_eq!((stored.asked, stored.failures), (2, 1));
    }
}
