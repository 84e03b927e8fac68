//! Writes an answer into the caller's bytes, and says how many it can take.

use std::fmt::Display;
use std::io::Write;

use dunlin::schema::{Output, Schema};
use dunlin::{Answer, AnsweredBy, OutputValue, Reason};

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

/// Bytes that hold any answer to a record of a schema: an output can be out of range and unsure at once, and one scalar too
/// far.
pub(crate) fn max_answer_bytes(schema: &Schema, output_shapes: impl Iterator<Item = Vec<usize>>) -> usize {
    let output = |(output, shape): (&Output, Vec<usize>)| {
        let elements: usize = shape.iter().product();
        OUTPUT_BYTES + 4 * elements + 2 * (REASON_BYTES + 2 * output.name.len())
    };
    let outputs: usize = schema.output.iter().zip(output_shapes).map(output).sum();
    let longest_feature = schema.feature.iter().map(|feature| feature.name.len()).max().unwrap_or(0);
    let of_a_scalar = REASON_BYTES + 2 * (longest_feature + SCALAR_ENDING_BYTES);
    HEADER_BYTES + outputs + 4 + of_a_scalar
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
        AnsweredBy::Previous => 4,
        AnsweredBy::Cache => 5,
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
        self.text(reason)
    }

    /// Written where it belongs, and its length before it once that is known.
    fn text(&mut self, text: impl Display) -> Result<(), DunlinError> {
        let (bytes, mut rest) = std::mem::take(&mut self.0).split_first_chunk_mut().ok_or_else(too_long)?;
        let whole = rest.len();
        write!(rest, "{text}").map_err(|_| too_long())?;
        *bytes = length(whole - rest.len())?;
        self.0 = rest;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dunlin::ids::{Epoch, PredictionId};
    use dunlin::schema::{Feature, FeatureType, FloatDomain, MissingPolicy, Presence, PrivacyClass, Task};
    use dunlin::{Class, Prediction, Verdict};
    use proptest::prelude::*;

    use super::*;

    fn schema(feature: &str, outputs: &[(String, usize)]) -> Schema {
        let feature = Feature {
            name: feature.to_owned(),
            kind: FeatureType::Tensor,
            dtype: None,
            shape: None,
            presence: Presence::default(),
            missing: MissingPolicy::Refuse,
            int_domain: None,
            float_domain: None::<FloatDomain>,
            string_domain: None,
            unit: None,
            privacy: PrivacyClass::Drop,
            may_leave: false,
            purpose: None,
            drift_summaries: Vec::new(),
        };
        let output = |(name, _): &(String, usize)| Output {
            name: name.clone(),
            task: Task::Regression,
            classes: Vec::new(),
            float_domain: None,
            unit: None,
        };
        Schema { feature: vec![feature], output: outputs.iter().map(output).collect() }
    }

    /// The longest answer that there can be: every output, and every reason that can stand beside the others.
    fn longest(feature: &str, outputs: &[(String, usize)]) -> Answer {
        let unsure = |name: &str| Reason::LowConfidence { output: name.into(), confidence: f64::MIN, min: f64::MIN };
        let mut reasons: Vec<Reason> = outputs.iter().map(|(name, _)| unsure(name)).collect();
        reasons.extend(outputs.iter().map(|(name, _)| Reason::OutOfRange { output: name.as_str().into() }));
        let scalar = format!("{feature}.standard_deviation").into();
        reasons.push(Reason::FarFromReference { scalar, distance: f64::MIN, max: f64::MIN });
        let class = Class { index: 0, name: "yes".into(), probability: 1.0 };
        let output = |(name, count): &(String, usize)| OutputValue {
            name: name.as_str().into(),
            values: vec![1.0; *count],
            class: Some(class.clone()),
        };
        let outputs = Some(outputs.iter().map(output).collect());
        let verdict = Verdict::Abstain(reasons);
        let prediction = Prediction { outputs: None, verdict, confidence: Some(0.5), distance: Some(f64::MAX) };
        let id = PredictionId::new(Epoch::provisional(), 7);
        let (answered_by, latency) = (AnsweredBy::Baseline, Duration::MAX);
        Answer { id, outputs, answered_by, prediction, latency, stale: true, fallback: None }
    }

    proptest! {
        #[test]
        fn the_longest_answer_fits_and_a_buffer_that_is_one_byte_short_of_it_is_refused(
            feature in ".{0,30}",
            outputs in prop::collection::vec((".{0,30}", 0..20_usize), 1..4),
        ) {
            let (schema, answer) = (schema(&feature, &outputs), longest(&feature, &outputs));
            let shapes = outputs.iter().map(|(_, count)| vec![1, *count]);
            let mut into = vec![0; max_answer_bytes(&schema, shapes)];
            let written = write(&answer, false, outputs.len(), &mut into).unwrap();
            prop_assert!(written <= into.len());
            let short = write(&answer, false, outputs.len(), &mut into[..written - 1]);
            let is_refused = matches!(short, Err(DunlinError::Internal { .. }));
            prop_assert!(is_refused);
        }
    }
}
