//! From an envelope to bytes and back: JSON, compressed with gzip; what is received is checked once, here.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::envelope::{Envelope, SUMMARY_TYPE};
use crate::error::WireError;
use crate::limits::{
    MAX_ALARMS, MAX_BODY_BYTES, MAX_DECODED_BYTES, MAX_FEATURES, MAX_NAME_BYTES, MAX_NAMES, MAX_RANGES,
};
use crate::summary::{FORMAT, Summary};

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
    parse(&json)
}

fn parse(json: &[u8]) -> Result<Envelope, WireError> {
    // The kind first: a later version may have another shape, and should be told so.
    let value: serde_json::Value = serde_json::from_slice(json).map_err(|e| malformed(&e))?;
    let kind = value["type"].as_str().unwrap_or_default();
    if kind != SUMMARY_TYPE {
        return Err(WireError::Unsupported { found: cut(kind), known: SUMMARY_TYPE });
    }
    let format = value["data"]["format"].as_str().unwrap_or_default();
    if major(format) != major(FORMAT) {
        return Err(WireError::Unsupported { found: cut(format), known: FORMAT });
    }
    let envelope: Envelope = serde_json::from_value(value).map_err(|e| malformed(&e))?;
    check_envelope(&envelope)?;
    check(&envelope.data)?;
    Ok(envelope)
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
    let named = |names: &BTreeMap<String, u64>| {
        names.len() <= MAX_NAMES && names.keys().all(|name| name.len() <= MAX_NAME_BYTES)
    };
    let short = |text: &String| text.len() <= MAX_NAME_BYTES;
    if ![&summary.model.id, &summary.model.version, &summary.runtime_version].into_iter().all(short) {
        return bad("model", "has a name that is too long");
    }
    if summary.model.id.is_empty() {
        return bad("model", "has no name");
    }
    let tables = [&summary.verdicts, &summary.reasons, &summary.answered_by, &summary.kernel_sets, &summary.counters];
    if !tables.into_iter().all(named) || summary.labels.by_class.len() > MAX_NAMES {
        return bad("verdicts", "or another table has too many or too long names");
    }
    if summary.windows.is_empty() || summary.windows.len() > MAX_RANGES {
        return bad("windows", "are none, or too many");
    }
    if summary.windows.iter().any(|w| w.is_empty()) || summary.windows.windows(2).any(|w| w[0] >= w[1]) {
        return bad("windows", "are not in ascending order");
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
    if summary.alarms.len() > MAX_ALARMS || !summary.alarms.iter().all(|a| short(&a.kind) && short(&a.subject)) {
        return bad("alarms", "are too many, or have too long names");
    }
    if !summary.latency.is_sound() {
        return bad("latency", "has buckets that do not exist");
    }
    Ok(())
}

fn bad<T>(field: &'static str, problem: &str) -> Result<T, WireError> {
    Err(WireError::BadField { field, problem: problem.to_owned() })
}
