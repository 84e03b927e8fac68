//! The hot path: a packed record in, a packed answer out, both in the caller's own bytes: given with each call, or lent once.
//!
//! Everything is little-endian and without padding.
//!
//! ```text
//! record   for each feature in schema order: u8 present (0, 1); if present
//!          number f64 | integer i64 | boolean u8 (0, 1) | category, text: u32 bytes, UTF-8 | tensor: its elements
//! answer   i64 id, u8 verdict (0 accept, 1 abstain), u8 answered by (0 model, 1 baseline, 2 cloud, 3 nobody,
//!          4 previous, 5 cache), u8 stale, u8 has a fallback request, u32 latency in microseconds, f64 confidence, f64 distance,
//!          u32 outputs; for each: u32 elements (0 where nobody answered), i32 class, f64 its probability, f32 elements
//!          u32 reasons; for each: code, culprit, message, each u32 bytes and UTF-8
//! ```
//!
//! A number that is not there is NaN, a class that is not there -1.

mod answer;
mod lent;
mod reader;

pub(crate) use answer::max_answer_bytes;
pub use lent::{Lent, lend, predict_lent};
pub use reader::read_record;

use crate::asking::Asking;
use crate::boundary::guarded;
use crate::error::DunlinError;
use crate::handles;
use crate::open_session::Inner;

/// Predicts from a packed record and returns how many bytes the answer takes. A fallback
/// request waits in the session until it is taken.
///
/// # Errors
/// As [`Session::predict`](crate::Session::predict); [`DunlinError::Closed`] when the handle names no open session;
/// [`DunlinError::InvalidArgument`] when the record is not packed as the schema says, or `answer` is shorter than the session's
/// `max_answer_bytes`: nothing was predicted then.
pub fn predict(session: u64, asking: Asking<'_>, record: &[u8], answer: &mut [u8]) -> Result<usize, DunlinError> {
    predict_with(session, |open| open.predict_packed(asking, record, answer))
}

fn predict_with(
    session: u64,
    predict: impl FnOnce(&mut Inner) -> Result<usize, DunlinError>,
) -> Result<usize, DunlinError> {
    guarded(|| handles::get(session)?.with(predict))
}

impl Inner {
    fn predict_packed(&mut self, asking: Asking<'_>, record: &[u8], answer: &mut [u8]) -> Result<usize, DunlinError> {
        self.refuse_short(answer)?;
        let record = read_record(self.session.schema(), record)?;
        let mut made = asking.answer(&mut self.session, &record)?;
        let request = made.fallback.take();
        let written = answer::write(&made, request.is_some(), self.session.schema().output.len(), answer)?;
        if let Some(request) = request {
            self.keep(request);
        }
        Ok(written)
    }

    /// Refuses bytes into which an answer might not fit.
    fn refuse_short(&self, answer: &[u8]) -> Result<(), DunlinError> {
        let (found, needed) = (answer.len(), self.max_answer_bytes);
        if found < needed {
            return Err(DunlinError::invalid(format!(
                "an answer takes up to {needed} bytes, {found} are given; give {needed}"
            )));
        }
        Ok(())
    }
}
