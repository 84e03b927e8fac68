//! An answer, and what may be asked about the last one of a session.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use dunlin::OutputValue;
use dunlin::ids::PredictionId;

use super::session::{SessionHandle, with_seat};
use super::status::{DUNLIN_CODE_SIZE, DUNLIN_MESSAGE_SIZE, DUNLIN_NAME_SIZE, ErrorText, Status, guard};
use crate::failure::Failure;
use crate::fixed::fixed;
use crate::pointers::{copy_out, place};

/// Whether the active model's answer may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Verdict {
    /// Nothing speaks against it.
    Accept = 0,
    /// It should not be used: dunlin_session_reason says why.
    Abstain = 1,
}

/// Whose outputs the answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum AnsweredBy {
    /// The active model.
    Model = 0,
    /// The bundle's baseline: the model abstained.
    Baseline = 1,
    /// A larger model elsewhere.
    Cloud = 2,
    /// Nobody: there is no answer that could be trusted, and no outputs.
    Nobody = 3,
    /// Somebody that this version of the interface has no word for.
    Other = 4,
    /// The version before the active one: the active one abstained.
    Previous = 5,
    /// The active model, some time ago: the answer was computed in advance.
    Cache = 6,
}

/// An answer on the record.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Answer {
    /// Names the prediction for ever: labels and outcomes refer to it.
    pub id: i64,
    /// The guard's verdict on the active model's answer.
    pub verdict: Verdict,
    /// Whose outputs these are.
    pub answered_by: AnsweredBy,
    /// The chosen class of the first classification; -1 without one.
    pub class_index: i32,
    /// The output that it is of; -1 without one.
    pub class_output: i32,
    /// Probability of that class; NaN without one.
    pub probability: f64,
    /// The active model's own confidence; NaN without one.
    pub confidence: f64,
    /// Distance of the record from the training sample, in robust spreads; NaN where it is not measured.
    pub distance: f64,
    /// From record to answer.
    pub latency_us: u64,
    /// Outputs that the answer has: those of the schema, or 0 where nobody answered.
    pub output_count: usize,
    /// Floats of all outputs: as many as the buffer of values needs.
    pub values_count: usize,
    /// Reasons against the answer.
    pub reason_count: usize,
    /// The model is older than its bundle says it should be.
    pub stale: bool,
    /// The prediction asks a larger model elsewhere: see dunlin_session_fallback.
    pub has_fallback: bool,
}

/// One output of the last answer.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Output {
    /// Its name.
    pub name: [c_char; DUNLIN_NAME_SIZE],
    /// Where its floats begin among the values.
    pub offset: usize,
    /// Its floats, row-major.
    pub count: usize,
    /// The chosen class of a classification; else -1.
    pub class_index: i32,
    /// Its probability; else NaN.
    pub probability: f64,
}

/// One reason against the last answer.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Reason {
    /// low_confidence, far_from_reference, out_of_range or non_finite.
    pub code: [c_char; DUNLIN_CODE_SIZE],
    /// The output or feature at fault.
    pub culprit: [c_char; DUNLIN_NAME_SIZE],
    /// A sentence.
    pub message: [c_char; DUNLIN_MESSAGE_SIZE],
}

/// Writes the floats of the last answer of the session, of all outputs one after the other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_session_values(
    session: SessionHandle,
    values: *mut f32,
    capacity: usize,
    needed: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let found = with_seat(session, |seat| Ok(seat.values()))?;
        if let Some(needed) = needed {
            needed.write(found.len());
        }
        // SAFETY: the caller promises `capacity` floats.
        unsafe { copy_out(&found, values, capacity) }
    })
}

/// Tells one output of the last answer of the session.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_output(
    session: SessionHandle,
    index: usize,
    output: Option<&mut MaybeUninit<Output>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let output = place(output, "output")?;
        with_seat(session, |seat| {
            output.write(Output::of(&seat.outputs, index)?);
            Ok(())
        })
    })
}

/// Tells one reason against the last answer of the session.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_reason(
    session: SessionHandle,
    index: usize,
    reason: Option<&mut MaybeUninit<Reason>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let reason = place(reason, "reason")?;
        with_seat(session, |seat| {
            let count = seat.reasons.len();
            let found = seat.reasons.get(index).ok_or_else(|| Failure::no_such_index("index", index, count))?;
            let message = fixed(&found.to_string());
            reason.write(Reason { code: fixed(found.code()), culprit: fixed(found.culprit()), message });
            Ok(())
        })
    })
}

impl Answer {
    pub(crate) fn of(answer: &dunlin::Answer) -> Self {
        let outputs = answer.outputs.as_deref().unwrap_or_default();
        let prediction = &answer.prediction;
        Self {
            verdict: if prediction.verdict.is_accept() { Verdict::Accept } else { Verdict::Abstain },
            confidence: prediction.confidence.unwrap_or(f64::NAN),
            distance: prediction.distance.unwrap_or(f64::NAN),
            latency_us: u64::try_from(answer.latency.as_micros()).unwrap_or(u64::MAX),
            reason_count: prediction.verdict.reasons().len(),
            stale: answer.stale,
            has_fallback: answer.fallback.is_some(),
            ..Self::with_outputs(answer.id, answered_by(answer.answered_by), outputs)
        }
    }

    /// An accepted answer that holds these outputs.
    pub(crate) fn with_outputs(id: PredictionId, answered_by: AnsweredBy, outputs: &[OutputValue]) -> Self {
        let mut classes = outputs.iter().enumerate();
        let class = classes.find_map(|(at, output)| Some((at, output.class.as_ref()?)));
        Self {
            id: id.to_i64(),
            verdict: Verdict::Accept,
            answered_by,
            class_index: class.map_or(-1, |(_, class)| index(class.index)),
            class_output: class.map_or(-1, |(at, _)| index(at)),
            probability: class.map_or(f64::NAN, |(_, class)| class.probability),
            confidence: f64::NAN,
            distance: f64::NAN,
            latency_us: 0,
            output_count: outputs.len(),
            values_count: outputs.iter().map(|output| output.values.len()).sum(),
            reason_count: 0,
            stale: false,
            has_fallback: false,
        }
    }
}

impl Output {
    fn of(outputs: &[OutputValue], at: usize) -> Result<Self, Failure> {
        let output = outputs.get(at).ok_or_else(|| Failure::no_such_index("index", at, outputs.len()))?;
        Ok(Self {
            name: fixed(&output.name),
            offset: outputs[..at].iter().map(|output| output.values.len()).sum(),
            count: output.values.len(),
            class_index: output.class.as_ref().map_or(-1, |class| index(class.index)),
            probability: output.class.as_ref().map_or(f64::NAN, |class| class.probability),
        })
    }
}

fn answered_by(who: dunlin::AnsweredBy) -> AnsweredBy {
    match who {
        dunlin::AnsweredBy::Model => AnsweredBy::Model,
        dunlin::AnsweredBy::Baseline => AnsweredBy::Baseline,
        dunlin::AnsweredBy::Cloud => AnsweredBy::Cloud,
        dunlin::AnsweredBy::Nobody => AnsweredBy::Nobody,
        dunlin::AnsweredBy::Previous => AnsweredBy::Previous,
        dunlin::AnsweredBy::Cache => AnsweredBy::Cache,
        _ => AnsweredBy::Other,
    }
}

/// A schema has far fewer classes and outputs than this holds.
fn index(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}
