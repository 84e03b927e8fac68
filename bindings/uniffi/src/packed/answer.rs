//! Writes an answer into the caller's bytes, and says how many it can take.

use dunlin::{Answer, AnsweredBy, OutputValue, Reason, Session};

use crate::error::DunlinError;

/// What stands before the outputs, with their number.
const HEADER_BYTES: usize = 8 + 4 + 4 + 8 + 8 + 4;
/// What stands before an output's elements.
const OUTPUT_BYTES: usize = 4 + 4 + 8;
/// What one reason takes besides the name that it repeats in culprit and message: three lengths, the longest code (18 bytes),
/// the longest sentence (below 100) and in it two numbers written out, of at most 309 digits, sign, point and 3 decimals.
const REASON_BYTES: usize = 3 * 4 + 18 + 100 + 2 * (309 + 5);
/// The longest ending that a tensor's scalar adds to its feature's name.
const SCALAR_ENDING_BYTES: usize = ".standard_deviation".len();

/// Bytes that hold any answer of a session: an output can be out of range and unsure at once, and one scalar too far.
pub(crate) fn max_answer_bytes(session: &Session) -> usize {
    let schema = session.schema();
    let output = |(output, shape): (&dunlin::schema::Output, Vec<usize>)| {
        let elements: usize = shape.iter().product();
        OUTPUT_BYTES + 4 * elements + 2 * (REASON_BYTES + 2 * output.name.len())
    };
    let outputs: usize = schema.output.iter().zip(session.output_shapes()).map(output).sum();
    let longest_scalar =
        schema.feature.iter().map(|feature| feature.name.len()).max().unwrap_or(0) + SCALAR_ENDING_BYTES;
    HEADER_BYTES + outputs + 4 + REASON_BYTES + 2 * longest_scalar
}

/// Writes an answer of `outputs` outputs; returns how many bytes it takes.
pub(super) fn write(
    answer: &Answer,
    has_fallback: bool,
    outputs: usize,
    into: &mut [u8],
) -> Result<usize, DunlinError> {
    let whole = into.len();
    let mut rest = Rest(into);
    rest.put(answer.id.to_i64().to_le_bytes())?;
    rest.put([
        !answer.verdict().is_accept() as u8,
        answered_by(answer.answered_by)?,
        answer.stale as u8,
        has_fallback as u8,
    ])?;
    rest.put(u32::try_from(answer.latency.as_micros()).unwrap_or(u32::MAX).to_le_bytes())?;
    rest.put(answer.prediction.confidence.unwrap_or(f64::NAN).to_le_bytes())?;
    rest.put(answer.prediction.distance.unwrap_or(f64::NAN).to_le_bytes())?;
    rest.put(length(outputs)?)?;
    for output in 0..outputs {
        rest.output(answer.outputs.as_ref().and_then(|outputs| outputs.get(output)))?;
    }
    let reasons = answer.verdict().reasons();
    rest.put(length(reasons.len())?)?;
    reasons.iter().try_for_each(|reason| rest.reason(reason))?;
    Ok(whole - rest.0.len())
}

fn answered_by(by: AnsweredBy) -> Result<u8, DunlinError> {
    Ok(match by {
        AnsweredBy::Model => 0,
        AnsweredBy::Baseline => 1,
        AnsweredBy::Cloud => 2,
        AnsweredBy::Nobody => 3,
        other => return Err(DunlinError::unknown(&format!("'{other}' as who answered"))),
    })
}

/// What is not written yet.
struct Rest<'a>(&'a mut [u8]);

impl Rest<'_> {
    fn output(&mut self, output: Option<&OutputValue>) -> Result<(), DunlinError> {
        let class = output.and_then(|output| output.class.as_ref());
        let values = output.map_or(&[][..], |output| &output.values);
        self.put(length(values.len())?)?;
        self.put(class.map_or(-1, |class| i32::try_from(class.index).unwrap_or(i32::MAX)).to_le_bytes())?;
        self.put(class.map_or(f64::NAN, |class| class.probability).to_le_bytes())?;
        values.iter().try_for_each(|value| self.put(value.to_le_bytes()))
    }

    fn reason(&mut self, reason: &Reason) -> Result<(), DunlinError> {
        self.text(reason.code())?;
        self.text(reason.culprit())?;
        self.text(&reason.to_string())
    }

    fn text(&mut self, text: &str) -> Result<(), DunlinError> {
        self.put(length(text.len())?)?;
        self.take(text.len())?.copy_from_slice(text.as_bytes());
        Ok(())
    }

    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), DunlinError> {
        self.take(N)?.copy_from_slice(&bytes);
        Ok(())
    }

    fn take(&mut self, bytes: usize) -> Result<&mut [u8], DunlinError> {
        let (taken, rest) = std::mem::take(&mut self.0).split_at_mut_checked(bytes).ok_or_else(too_long)?;
        self.0 = rest;
        Ok(taken)
    }
}

fn length(length: usize) -> Result<[u8; 4], DunlinError> {
    u32::try_from(length).map(u32::to_le_bytes).map_err(|_| too_long())
}

fn too_long() -> DunlinError {
    DunlinError::Internal { message: "an answer took more bytes than any should; please report it".to_owned() }
}
