//! A session and what C may still ask about its last answer.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use dunlin::fallback::{FallbackError, FallbackRequest};
use dunlin::ids::PredictionId;
use dunlin::outbox::{Response, TransportError};
use dunlin::schema::Schema;
use dunlin::{FeatureError, OutputValue, Reason, Record, Value, Verdict};

use crate::abi::answer::{Answer, AnsweredBy};
use crate::draft::{Draft, Trouble, borrowed, tensor, tensor_feature};
use crate::failure::Failure;
use crate::slab::Slab;

pub(crate) static SESSIONS: Slab<Mutex<Seat>> = Slab::new("session", 2);

/// Requests that a session keeps for its caller; each holds the features that leave, an image may be among them, and
/// firmware sends one at a time.
const MAX_REQUESTS: usize = 16;

/// An open session.
pub(crate) struct Seat {
    pub(crate) session: dunlin::Session,
    pub(crate) schema: Arc<Schema>,
    pub(crate) model_id: String,
    pub(crate) outputs: Vec<OutputValue>,
    pub(crate) reasons: Vec<Reason>,
    requests: VecDeque<FallbackRequest>,
}

/// Who asks for an answer.
#[derive(Clone, Copy)]
pub(crate) enum Asking<'a> {
    /// Somebody who must not be kept waiting; for a person, where one is named.
    Live(Option<&'a str>),
    /// Somebody with many records, who waits for the journal.
    InBatch,
}

/// Elements of a tensor that stay the caller's.
pub(crate) struct Lent<'a> {
    pub(crate) feature: &'a str,
    pub(crate) bytes: &'a [u8],
}

impl Seat {
    pub(crate) fn new(session: dunlin::Session, model_id: &str) -> Self {
        let schema = Arc::new(session.schema().clone());
        let (outputs, reasons, requests) = Default::default();
        Self { session, schema, model_id: model_id.to_owned(), outputs, reasons, requests }
    }

    /// Answers a record, with some of its tensors lent for the call.
    pub(crate) fn predict(&mut self, asking: Asking<'_>, draft: &Draft, lent: &[Lent<'_>]) -> Result<Answer, Failure> {
        self.forget_last();
        self.refuse_another(&draft.schema)?;
        match &draft.trouble {
            Some(Trouble::Feature(error)) => return Err(self.refuse(asking, error.clone())),
            Some(Trouble::Call(failure)) => return Err(failure.clone()),
            None if lent.is_empty() => return self.answer(asking, &draft.record),
            None => {}
        }
        match with_lent(draft, lent) {
            Ok(record) => self.answer(asking, &record),
            Err(Trouble::Feature(error)) => Err(self.refuse(asking, error)),
            Err(Trouble::Call(failure)) => Err(failure),
        }
    }

    /// Refuses a record of another schema.
    pub(crate) fn refuse_another(&self, schema: &Arc<Schema>) -> Result<(), Failure> {
        if Arc::ptr_eq(&self.schema, schema) || self.schema == *schema {
            return Ok(());
        }
        let message = "the record was made for a session of another model or version; make one for this session";
        Err(Failure::argument("another_schema", "record", message))
    }

    fn refuse(&mut self, asking: Asking<'_>, error: FeatureError) -> Failure {
        match asking {
            Asking::Live(_) => self.session.refuse(error),
            Asking::InBatch => self.session.refuse_patiently(error),
        }
        .into()
    }

    fn answer(&mut self, asking: Asking<'_>, record: &Record<'_>) -> Result<Answer, Failure> {
        let answer = match asking {
            Asking::Live(None) => self.session.predict(record),
            Asking::Live(Some(subject)) => self.session.predict_for(subject, record),
            Asking::InBatch => self.session.predict_patiently(record),
        }?;
        let told = Answer::of(&answer);
        if let Verdict::Abstain(reasons) = answer.prediction.verdict {
            self.reasons = reasons;
        }
        self.outputs = answer.outputs.unwrap_or_default();
        if let Some(request) = answer.fallback {
            self.requests.truncate(MAX_REQUESTS - 1);
            self.requests.push_front(request);
        }
        Ok(told)
    }

    /// The request of a prediction, if it made one and that is not resolved yet.
    pub(crate) fn request(&self, id: PredictionId) -> Result<&FallbackRequest, Failure> {
        let request = self.requests.iter().find(|request| request.id == id);
        Ok(request.ok_or(FallbackError::NotWaiting { id })?)
    }

    /// Takes in what came for a request.
    pub(crate) fn resolve(
        &mut self,
        id: PredictionId,
        came: Result<Response, TransportError>,
    ) -> Result<Answer, Failure> {
        let at = self.requests.iter().position(|request| request.id == id);
        let request = at.and_then(|at| self.requests.remove(at)).ok_or(FallbackError::NotWaiting { id })?;
        let resolved = self.session.resolve(&request, came)?;
        self.forget_last();
        self.outputs = resolved.outputs;
        Ok(Answer { confidence: resolved.confidence.unwrap_or(f64::NAN), ..self.told(id, AnsweredBy::Cloud) })
    }

    fn told(&self, id: PredictionId, answered_by: AnsweredBy) -> Answer {
        Answer::with_outputs(id, answered_by, &self.outputs)
    }

    fn forget_last(&mut self) {
        self.outputs.clear();
        self.reasons.clear();
    }

    /// The values of the last answer, output after output.
    pub(crate) fn values(&self) -> Vec<f32> {
        self.outputs.iter().flat_map(|output| output.values.iter().copied()).collect()
    }

    /// Values that an answer has.
    pub(crate) fn values_count(&self) -> usize {
        self.session.output_shapes().map(|shape| shape.iter().product::<usize>()).sum()
    }

    /// The name of a class: its position where the schema gives none.
    pub(crate) fn class_name(&self, output: i32, class_index: i32) -> Result<String, Failure> {
        let found = |position: i32| usize::try_from(position).ok();
        let outputs = self.schema.output.len();
        let described = found(output).and_then(|at| Some((at, self.schema.output.get(at)?)));
        let (at, described) = described.ok_or_else(|| Failure::no_such_index("output", output, outputs))?;
        let unnamed = || self.session.output_shapes().nth(at).map_or(0, |shape| shape.iter().product());
        let count = if described.classes.is_empty() { unnamed() } else { described.classes.len() };
        let class = found(class_index).filter(|class| *class < count);
        let class = class.ok_or_else(|| Failure::no_such_index("class_index", class_index, count))?;
        Ok(described.classes.get(class).cloned().unwrap_or_else(|| class.to_string()))
    }
}

/// The record of a draft with some tensors lent.
fn with_lent<'a>(draft: &'a Draft, lent: &[Lent<'a>]) -> Result<Record<'a>, Trouble> {
    let own = draft.record.values().iter();
    let values: Vec<Option<Value<'a>>> = own.map(|value| value.as_ref().map(borrowed)).collect();
    let mut record = Record::new(values);
    for Lent { feature, bytes } in lent {
        let described = tensor_feature(&draft.schema, feature, bytes.len())?;
        record.set(&draft.schema, feature, tensor(described, Cow::Borrowed(bytes)))?;
    }
    Ok(record)
}
