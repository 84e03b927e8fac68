//! Asks the cloud by policy, and takes in what came of it. Neither waits for the network, nor for the disk.

use dunlin_bundle::manifest::FallbackStep;
use dunlin_features::Record;

use super::Session;
use super::remember::output_json;
use crate::answer::{Answer, AnsweredBy};
use crate::counters::Counter;
use crate::fallback::{self, FallbackError, FallbackRequest, Resolved};
use crate::outbox::{Response, TransportError};

impl Session {
    /// Takes in the answer to a request, or that there was none. An answer is judged like the model's own: it must come
    /// within the deadline, speak the protocol, hold each output of the schema with finite numbers of the right count
    /// within their range, and be as sure as the model must be. Then the prediction's row holds it, `answered_by` is
    /// `cloud`, and labels are compared with it.
    ///
    /// # Errors
    /// [`FallbackError`] naming what is wrong with it; the answer that `predict` gave stands, and it is counted.
    pub fn resolve(
        &mut self,
        request: &FallbackRequest,
        answer: Result<Response, TransportError>,
    ) -> Result<Resolved, FallbackError> {
        let now = self.shared.clock.now();
        let was_waiting = self.waiting.take(request.id);
        let judged = match was_waiting {
            true => fallback::judge(request, answer, &self.side.model, now),
            false => Err(FallbackError::NotWaiting { id: request.id }),
        };
        self.shared.counters.add(counter(&judged), 1);
        if let Some(desk) = self.shared.desk.as_ref().filter(|_| was_waiting) {
            let worked = judged.as_ref().err().is_none_or(FallbackError::is_of_the_record);
            desk.settle(&self.shared.journal, worked, now);
        }
        if let Ok(resolved) = &judged {
            // A row that is not there any more is counted by the journal, and the answer is returned all the same.
            let _ = self.shared.journal.answered(resolved.id, AnsweredBy::Cloud.name(), output_json(&resolved.outputs));
        }
        judged
    }

    /// The request that an answer makes by policy.
    pub(super) fn ask(&mut self, record: &Record<'_>, answer: &Answer) -> Option<FallbackRequest> {
        let (shared, leaving) = (&self.shared, self.leaving.as_ref()?);
        if self.patient || !self.side.loaded.fallback.contains(&FallbackStep::Cloud) {
            return None;
        }
        let request = shared.desk.as_ref()?.request(
            (&shared.journal, &shared.counters),
            (self.side.model.schema(), leaving),
            &self.side.context.model_id,
            record,
            answer,
            shared.clock.now(),
        )?;
        self.waiting.add(request.id);
        Some(request)
    }
}

/// What an answer counts as.
fn counter(judged: &Result<Resolved, FallbackError>) -> Counter {
    match judged {
        Ok(_) => Counter::FallbackResolved,
        Err(error) if error.is_failure() => Counter::FallbackFailed,
        Err(_) => Counter::FallbackRefused,
    }
}
