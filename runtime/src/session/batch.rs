//! Many records, one answer each: the same line as one record's, with a journal that is waited for.

use dunlin_features::{FeatureError, Record};
use dunlin_predictor::PredictError;

use super::Session;
use crate::answer::Answer;

/// What a batch is made of: a record, a borrowed one, or what came of reading one.
pub trait BatchRecord {
    /// The record.
    ///
    /// # Errors
    /// Why there is none: this record is refused, and the refusal is on the record.
    fn record(&self) -> Result<&Record<'_>, FeatureError>;
}

impl BatchRecord for Record<'_> {
    fn record(&self) -> Result<&Record<'_>, FeatureError> {
        Ok(self)
    }
}

impl<T: BatchRecord + ?Sized> BatchRecord for &T {
    fn record(&self) -> Result<&Record<'_>, FeatureError> {
        T::record(self)
    }
}

impl<T: BatchRecord> BatchRecord for Result<T, FeatureError> {
    fn record(&self) -> Result<&Record<'_>, FeatureError> {
        self.as_ref().map_err(Clone::clone)?.record()
    }
}

/// The answers to a batch, each made when it is asked for; [`Session::predict_batch`] makes it.
#[must_use = "records are answered as the answers are taken"]
pub struct Batch<'s, I> {
    session: &'s mut Session,
    records: I,
}

impl Session {
    /// Answers one record of many: as [`Session::predict`], but for two things. Where records come faster than the journal can
    /// write, a live caller loses the row rather than wait, and this waits. It leaves half of the journal's ring to the callers
    /// that cannot. The cloud is not asked, whose budget is the live callers'.
    ///
    /// # Errors
    /// As [`Session::predict`].
    pub fn predict_patiently(&mut self, record: &Record<'_>) -> Result<Answer, PredictError> {
        self.patient = true;
        let answer = self.predict(record);
        self.patient = false;
        answer
    }

    /// Puts a refusal on the record in the same way: [`Session::refuse`] for one record of many.
    pub fn refuse_patiently(&mut self, error: FeatureError) -> PredictError {
        self.patient = true;
        let error = self.refuse(error);
        self.patient = false;
        error
    }

    /// Answers many records, in their order, one result for each: a record that is refused does not end the batch.
    ///
    /// A record is taken when its answer is, and neither is kept, so that any number of them needs no more memory than one.
    /// Each is answered as by [`Session::predict_patiently`].
    ///
    /// ```no_run
    /// # fn read(session: &mut dunlin::Session, lines: &str) -> Result<(), dunlin::FeatureError> {
    /// let schema = session.schema().clone();
    /// let records = lines.lines().map(|line| dunlin::Record::from_json_str(&schema, line));
    /// for (line, answer) in (1..).zip(session.predict_batch(records)) {
    ///     match answer {
    ///         Ok(answer) => println!("{line}: {:?}", answer.class()),
    ///         Err(refused) => println!("{line}: {refused}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn predict_batch<I>(&mut self, records: I) -> Batch<'_, I::IntoIter>
    where
        I: IntoIterator<Item: BatchRecord>,
    {
        Batch { session: self, records: records.into_iter() }
    }
}

impl<I: Iterator<Item: BatchRecord>> Iterator for Batch<'_, I> {
    /// As [`Session::predict`] gives it.
    type Item = Result<Answer, PredictError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.records.next()?;
        Some(match record.record() {
            Ok(record) => self.session.predict_patiently(record),
            Err(error) => Err(self.session.refuse_patiently(error)),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.records.size_hint()
    }
}

impl<I: ExactSizeIterator<Item: BatchRecord>> ExactSizeIterator for Batch<'_, I> {}
