//! The manifest by itself: format, identity, and the entries that it lists.

use super::{Fault, check_name, ensure, within_limit};
use crate::entry::{LISTED, MANIFEST, is_unsafe_name, max_length};
use crate::error::{BundleError, LayoutFault};
use crate::limits;
use crate::manifest::{Entry, FallbackStep, FormatVersion, Manifest, Objective};

/// Version of the format that this crate writes.
pub(crate) const FORMAT: FormatVersion = FormatVersion { major: 1, minor: 0 };
/// Abilities beyond the base format that this reader has.
const ABILITIES: [&str; 0] = [];

/// Checks everything that the manifest alone can tell.
pub(crate) fn check(manifest: &Manifest) -> Result<(), BundleError> {
    if manifest.format.major != FORMAT.major {
        let (found, supported) = (manifest.format.into(), FORMAT.into());
        return Err(BundleError::UnsupportedFormat { found, supported });
    }
    if let Some(unknown) = manifest.requires.iter().find(|ability| !ABILITIES.contains(&ability.as_str())) {
        let requirement = unknown.chars().take(limits::MAX_NAME_BYTES).flat_map(char::escape_debug).collect();
        return Err(BundleError::UnknownRequirement { requirement });
    }
    check_identity(manifest).map_err(|fault| fault.within(MANIFEST))?;
    check_entries(&manifest.entries)
}

fn check_identity(manifest: &Manifest) -> Result<(), Fault> {
    within_limit("MAX_MODEL_ID_BYTES", manifest.model_id.len(), limits::MAX_MODEL_ID_BYTES)?;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let good = !manifest.model_id.is_empty() && manifest.model_id.chars().all(is_plain);
    ensure(good, "model_id", "it is not made of lower-case letters, digits, `-` and `_`")?;
    let hash = manifest.provenance.data_sha256.as_deref();
    ensure(hash.is_none_or(is_sha256), "provenance.data_sha256", "it is not 64 lower-case hex digits")?;
    check_fallback(manifest.fallback.as_deref().unwrap_or_default())?;
    check_objective(manifest.objective.as_ref())?;
    within_limit("MAX_ENTRIES", manifest.entries.len(), limits::MAX_ENTRIES)
}

fn check_fallback(steps: &[FallbackStep]) -> Result<(), Fault> {
    let is_once = steps.iter().enumerate().all(|(index, step)| !steps[..index].contains(step));
    ensure(is_once, "fallback", "a step stands there twice")?;
    let before_last = steps.split_last().map_or(&[][..], |(_, before)| before);
    ensure(!before_last.contains(&FallbackStep::Cloud), "fallback", "`cloud` is not the last step")
}

fn check_objective(objective: Option<&Objective>) -> Result<(), Fault> {
    objective.map_or(Ok(()), |objective| check_name("outcome", &objective.outcome))
}

/// Checks that entries are known, in order, complete, and within their limits.
fn check_entries(entries: &[Entry]) -> Result<(), BundleError> {
    let mut next = 0;
    for entry in entries {
        let Some(position) = LISTED.iter().position(|(name, _)| *name == entry.name) else {
            return Err(misplaced(MANIFEST, unknown(&entry.name)));
        };
        if position < next {
            return Err(misplaced(&entry.name, before(&entry.name, entries)));
        }
        require(&LISTED[next..position], &entry.name, entries)?;
        next = position + 1;
        check_entry(entry)?;
    }
    require(&LISTED[next..], "the end", entries)?;
    check_company(entries)
}

fn check_entry(entry: &Entry) -> Result<(), BundleError> {
    let (max, limit) = max_length(&entry.name);
    if entry.length > max {
        return Err(BundleError::Limit { entry: entry.name.clone(), limit, value: entry.length, max });
    }
    let good = is_sha256(&entry.sha256);
    ensure(good, format!("entry {}", entry.name), "its sha256 is not 64 lower-case hex digits")
        .map_err(|fault| fault.within(MANIFEST))
}

/// Refuses skipped entries that a bundle is incomplete without; one that stands further on is out of order.
fn require(skipped: &[(&str, bool)], found: &str, entries: &[Entry]) -> Result<(), BundleError> {
    match skipped.iter().find(|(name, needed)| *needed || has(entries, name)) {
        None => Ok(()),
        Some((name, _)) if has(entries, name) => {
            Err(misplaced(name, LayoutFault::OutOfOrder { found: found.to_owned() }))
        }
        Some((name, _)) => Err(misplaced(name, LayoutFault::Missing)),
    }
}

/// Entries that make sense only together: weights of one kind or both, and a baseline whole or not at all.
fn check_company(entries: &[Entry]) -> Result<(), BundleError> {
    use crate::entry::{BASELINE_GRAPH, BASELINE_TRANSFORMS, BASELINE_WEIGHTS, GGUF, SAFETENSORS};
    if !has(entries, SAFETENSORS) && !has(entries, GGUF) {
        return Err(misplaced(SAFETENSORS, LayoutFault::Missing));
    }
    let baseline = [BASELINE_TRANSFORMS, BASELINE_GRAPH, BASELINE_WEIGHTS];
    let any = baseline.iter().any(|name| has(entries, name));
    match baseline.iter().find(|name| any && !has(entries, name)) {
        Some(name) => Err(misplaced(name, LayoutFault::Missing)),
        None => Ok(()),
    }
}

fn has(entries: &[Entry], name: &str) -> bool {
    entries.iter().any(|entry| entry.name == name)
}

fn unknown(name: &str) -> LayoutFault {
    let found = name.chars().take(limits::MAX_NAME_BYTES).flat_map(char::escape_debug).collect();
    if is_unsafe_name(name.as_bytes()) { LayoutFault::UnsafeName { found } } else { LayoutFault::Unlisted { found } }
}

/// Why an entry comes after one that it should stand before.
fn before(name: &str, entries: &[Entry]) -> LayoutFault {
    let found = name.to_owned();
    let times = entries.iter().filter(|entry| entry.name == name).count();
    if times > 1 { LayoutFault::Repeated { found } } else { LayoutFault::OutOfOrder { found } }
}

fn misplaced(entry: &str, fault: LayoutFault) -> BundleError {
    BundleError::Layout { entry: entry.to_owned(), fault }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
