//! One version of a model that answers records.

use std::sync::Arc;

use crate::asking::Asking;
use crate::boundary::guarded;
use crate::error::DunlinError;
use crate::fallback::{FallbackRequest, Resolved};
use crate::handles;
use crate::open_session::OpenSession;
use crate::precompute::{PrecomputeReport, precompute};
use crate::prediction::Prediction;
use crate::record::RecordBuilder;
use crate::schema::{Feature, OutputInfo};
use crate::upload::Delivery;

/// Answers records with one version of a model. Calls from several threads wait for each other; more parallelism is more
/// sessions.
#[derive(uniffi::Object)]
pub struct Session {
    open: Arc<OpenSession>,
    handle: u64,
}

#[uniffi::export]
impl Session {
    /// Answers one record and puts the answer on the record.
    ///
    /// # Errors
    /// [`DunlinError::Record`] when the record is refused, naming the feature; the refusal is on the record too.
    pub fn predict(&self, record: &RecordBuilder) -> Result<Prediction, DunlinError> {
        self.answer(Asking::Live, record)
    }

    /// The same for a person who may ask to be forgotten; the journal keeps a keyed hash of the name, not the name.
    ///
    /// # Errors
    /// As `predict`.
    pub fn predict_for(&self, subject: String, record: &RecordBuilder) -> Result<Prediction, DunlinError> {
        self.answer(Asking::For(&subject), record)
    }

    /// Answers one record of many: where they come faster than the journal can write, `predict` loses a row rather than wait,
    /// and this waits.
    ///
    /// # Errors
    /// As `predict`.
    pub fn predict_patiently(&self, record: &RecordBuilder) -> Result<Prediction, DunlinError> {
        self.answer(Asking::InBatch, record)
    }

    /// Computes the answers to records that are known to come often, in a file of at most so many bytes, which replaces the
    /// model's earlier one. Sessions opened from then on answer such a record without running the model. Nothing of it is in
    /// the journal.
    ///
    /// # Errors
    /// [`DunlinError::InvalidArgument`] where not even one answer fits; [`DunlinError::Storage`] where the model is held in
    /// memory alone, or the file cannot be written.
    pub fn precompute(
        &self,
        records: Vec<Arc<RecordBuilder>>,
        max_bytes: u64,
    ) -> Result<PrecomputeReport, DunlinError> {
        guarded(|| self.open.with(|open| precompute(&mut open.session, &records, max_bytes)))
    }

    /// Takes in what came of a fallback request, once.
    ///
    /// # Errors
    /// [`DunlinError::Fallback`] saying what is wrong with it; the answer that `predict` gave stands.
    pub fn resolve(&self, request: &FallbackRequest, delivery: Delivery) -> Result<Resolved, DunlinError> {
        guarded(|| self.open.with(|open| Ok(open.session.resolve(&request.0, delivery.into())?.into())))
    }

    /// The request that the packed answer of this prediction spoke of; each can be taken once.
    ///
    /// # Errors
    /// [`DunlinError::Closed`].
    pub fn take_fallback(&self, id: i64) -> Result<Option<Arc<FallbackRequest>>, DunlinError> {
        guarded(|| self.open.with(|open| Ok(open.take(id).map(|request| Arc::new(request.into())))))
    }

    /// What a record must hold, in the order of a packed record.
    ///
    /// # Errors
    /// [`DunlinError::Closed`].
    pub fn features(&self) -> Result<Vec<Feature>, DunlinError> {
        guarded(|| self.open.with(|open| Ok(open.session.schema().feature.iter().map(Into::into).collect())))
    }

    /// What the model answers, in the order of a packed answer.
    ///
    /// # Errors
    /// [`DunlinError::Closed`].
    pub fn outputs(&self) -> Result<Vec<OutputInfo>, DunlinError> {
        guarded(|| {
            self.open.with(|open| {
                let outputs = open.session.schema().output.iter().zip(open.session.output_shapes());
                Ok(outputs.map(|(output, shape)| OutputInfo::of(output, &shape)).collect())
            })
        })
    }

    /// Takes the version that is active now, and the trial that is on now; records and outputs stay those that the session was
    /// opened with. False where nothing has changed since it was opened or last renewed. To be called between records where a
    /// session lives for days.
    ///
    /// # Errors
    /// As for opening a session, and [`DunlinError::Model`] (`other_records`) where the version cannot take such records: open
    /// another session then. It goes on with what it had.
    pub fn renew(&self) -> Result<bool, DunlinError> {
        guarded(|| self.open.with(|open| Ok(open.session.renew()?)))
    }

    /// Version of the model that answers now.
    ///
    /// # Errors
    /// [`DunlinError::Closed`].
    pub fn model_version(&self) -> Result<String, DunlinError> {
        guarded(|| self.open.with(|open| Ok(open.session.model_version().to_owned())))
    }

    /// Which kernels answer.
    ///
    /// # Errors
    /// [`DunlinError::Closed`].
    pub fn kernel_set(&self) -> Result<String, DunlinError> {
        guarded(|| self.open.with(|open| Ok(open.session.kernel_set().to_owned())))
    }

    /// The number by which the JVM's hot path names this session. Once the session is closed it names nothing.
    ///
    /// # Errors
    /// [`DunlinError::Closed`].
    pub fn handle(&self) -> Result<u64, DunlinError> {
        guarded(|| self.open.with(|_| Ok(self.handle)))
    }

    /// Bytes that hold any packed answer of this session.
    ///
    /// # Errors
    /// [`DunlinError::Closed`].
    pub fn max_answer_bytes(&self) -> Result<u64, DunlinError> {
        guarded(|| self.open.with(|open| Ok(open.max_answer_bytes as u64)))
    }

    /// Closes the session, after a call that is under way. Twice is once.
    ///
    /// # Errors
    /// [`DunlinError::Internal`] alone.
    pub fn close(&self) -> Result<(), DunlinError> {
        guarded(|| {
            self.shut();
            Ok(())
        })
    }
}

impl Session {
    pub(crate) fn new(open: Arc<OpenSession>) -> Result<Self, DunlinError> {
        let handle = handles::add(&open)?;
        Ok(Self { open, handle })
    }

    fn answer(&self, asking: Asking<'_>, record: &RecordBuilder) -> Result<Prediction, DunlinError> {
        guarded(|| {
            self.open.with(|open| {
                let (session, given) = (&mut open.session, record.given());
                let answer = match given.record(session.schema()) {
                    Err(error) => Err(asking.refuse(session, error)),
                    Ok(record) => asking.answer(session, &record),
                };
                answer?.try_into()
            })
        })
    }

    fn shut(&self) {
        handles::remove(self.handle);
        self.open.close();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shut();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, TrustedKey};
    use crate::runtime::Runtime;

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden");

    #[test]
    fn a_session_that_panicked_answers_nothing_any_more_and_can_be_closed() {
        let folder = tempfile::tempdir().unwrap();
        let public_key = std::fs::read_to_string(format!("{GOLDEN}/demo.pub")).unwrap();
        let config = Config {
            folder: folder.path().to_str().unwrap().to_owned(),
            keys: vec![TrustedKey { name: "demo".to_owned(), public_key }],
            ..Config::default()
        };
        let runtime = Runtime::open(config).unwrap();
        runtime.install(format!("{GOLDEN}/digits-f32.dunlin")).unwrap();
        let (session, other) =
            (runtime.session("digits".to_owned()).unwrap(), runtime.session("digits".to_owned()).unwrap());
        let caught = guarded(|| session.open.with(|_| -> Result<(), DunlinError> { panic!("half way through") }));
        assert!(matches!(caught, Err(DunlinError::Internal { .. })));
        assert!(matches!(session.model_version(), Err(DunlinError::Internal { .. })));
        assert_eq!(other.model_version().unwrap(), "1.0.0");
        session.close().unwrap();
        runtime.close().unwrap();
        assert!(matches!(other.model_version(), Err(DunlinError::Closed { .. })));
    }
}
