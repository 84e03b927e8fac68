//! From an envelope to bytes and back: JSON, compressed with gzip; what is received is checked once, here.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::Deserialize;

use crate::envelope::{Envelope, SUMMARY_TYPE};
use crate::error::WireError;
use crate::limits::{
    MAX_ALARMS, MAX_BODY_BYTES, MAX_DECODED_BYTES, MAX_FEATURES, MAX_NAME_BYTES, MAX_NAMES, MAX_RANGES, MAX_WINDOWS,
};
use crate::summary::{AlarmSummary, FORMAT, Summary};

/// The bytes of an upload.
///
/// # Errors
/// [`WireError::Malformed`] when the summary holds a number that JSON has no word for.
pub fn encode(envelope: &Envelope) -> Result<Vec<u8>, WireError> {
    let malformed = |reason: &dyn std::fmt::Display| WireError::Malformed { reason: reason.to_string() };
    let json = serde_json::to_vec(envelope).map_err(|e| malformed(&e))?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&json).and_then(|()| encoder.finish()).map_err(|e| malformed(&e))
}

/// Reads an upload and checks everything that can be checked of it alone.
///
/// # Errors
/// [`WireError`] saying what is wrong; never a part of the body.
pub fn decode(body: &[u8]) -> Result<Envelope, WireError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(WireError::TooLarge { max_bytes: MAX_BODY_BYTES });
    }
    let mut json = Vec::new();
    let mut decoder = GzDecoder::new(body).take(MAX_DECODED_BYTES as u64 + 1);
    decoder.read_to_end(&mut json).map_err(|e| WireError::NotGzip { reason: e.kind().to_string() })?;
    if json.len() > MAX_DECODED_BYTES {
        return Err(WireError::TooLarge { max_bytes: MAX_DECODED_BYTES });
    }
    if !decoder.into_inner().into_inner().is_empty() {
        return Err(WireError::NotGzip { reason: "bytes follow its end".to_owned() });
    }
    parse(&json)
}

fn parse(json: &[u8]) -> Result<Envelope, WireError> {
    // The kind first: a later version may have another shape, and should be told so.
    let kind: Kind = serde_json::from_slice(json).map_err(|e| malformed(&e))?;
    if kind.kind != SUMMARY_TYPE {
        return Err(WireError::Unsupported { found: cut(&kind.kind), known: SUMMARY_TYPE });
    }
    let version: Version = serde_json::from_slice(json).map_err(|e| malformed(&e))?;
    if major(&version.data.format) != major(FORMAT) {
        return Err(WireError::Unsupported { found: cut(&version.data.format), known: FORMAT });
    }
    let envelope: Envelope = serde_json::from_slice(json).map_err(|e| malformed(&e))?;
    check_envelope(&envelope)?;
    check(&envelope.data)?;
    Ok(envelope)
}

/// What is read of any message.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

/// What is read of any summary.
#[derive(Deserialize)]
struct Version {
    data: Format,
}

#[derive(Deserialize)]
struct Format {
    format: String,
}

/// Where the parser stopped; its own text may repeat what it read.
fn malformed(error: &serde_json::Error) -> WireError {
    let what = if error.is_data() { "a field is missing or of another type" } else { "not JSON" };
    WireError::Malformed { reason: format!("{what} (line {}, column {})", error.line(), error.column()) }
}

fn major(format: &str) -> &str {
    format.split('.').next().unwrap_or_default()
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(40).collect()
}

fn check_envelope(envelope: &Envelope) -> Result<(), WireError> {
    let is_id = |id: &str| (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if envelope.specversion != "1.0" {
        return bad("specversion", "is not 1.0");
    }
    if !is_id(&envelope.id) {
        return bad("id", "is not the id of an upload");
    }
    if !envelope.install_id().is_some_and(is_id) {
        return bad("source", "does not name an installation");
    }
    Ok(())
}

fn check(summary: &Summary) -> Result<(), WireError> {
    if ![&summary.model.id, &summary.model.version, &summary.runtime_version].into_iter().all(short) {
        return bad("model", "has a name that is too long");
    }
    if summary.model.id.is_empty() {
        return bad("model", "has no name");
    }
    let tables = [
        &summary.verdicts,
        &summary.reasons,
        &summary.answered_by,
        &summary.kernel_sets,
        &summary.model_states,
        &summary.counters,
    ];
    if !tables.into_iter().all(named) || !named(&summary.labels.by_class) {
        return bad("verdicts", "or another table has too many or too long names");
    }
    if summary.windows.is_empty() || summary.windows.len() > MAX_RANGES {
        return bad("windows", "are none, or too many");
    }
    if summary.windows.iter().any(|w| w.is_empty()) || summary.windows.windows(2).any(|w| w[0] >= w[1]) {
        return bad("windows", "are not in ascending order");
    }
    if summary.window_count() > MAX_WINDOWS {
        return bad("windows", "are more than one summary may cover");
    }
    let overlap = |w: &[crate::WindowRange]| w[0].epoch == w[1].epoch && w[0].last >= w[1].first;
    if summary.windows.windows(2).any(overlap) {
        return bad("windows", "overlap");
    }
    let sum = |counts: &BTreeMap<String, u64>| counts.values().fold(0u64, |sum, n| sum.saturating_add(*n));
    if sum(&summary.verdicts) != summary.rows {
        return bad("verdicts", "do not add up to rows");
    }
    if summary.features.len() > MAX_FEATURES || !summary.features.iter().all(|f| short(&f.name)) {
        return bad("features", "are too many, or have too long names");
    }
    if summary.features.iter().any(|f| f.counts.len() > dunlin_drift::MAX_BINS) {
        return bad("features", "have more bins than a reference can have");
    }
    if summary.alarms.len() > MAX_ALARMS || !summary.alarms.iter().all(named_shortly) {
        return bad("alarms", "are too many, or have too long names");
    }
    if !summary.latency.is_sound() {
        return bad("latency", "has buckets that do not exist");
    }
    Ok(())
}

/// Few and short names.
fn named<T>(table: &BTreeMap<String, T>) -> bool {
    table.len() <= MAX_NAMES && table.keys().all(short)
}

fn short(text: impl AsRef<str>) -> bool {
    text.as_ref().len() <= MAX_NAME_BYTES
}

fn named_shortly(alarm: &AlarmSummary) -> bool {
    short(&alarm.kind) && short(&alarm.subject) && alarm.test.iter().all(short)
}

fn bad<T>(field: &'static str, problem: &str) -> Result<T, WireError> {
    Err(WireError::BadField { field, problem: problem.to_owned() })
}
