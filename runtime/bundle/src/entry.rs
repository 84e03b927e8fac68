//! The entries of a bundle: their names, their one order, and the length that each may have.

use crate::limits;

pub(crate) const SIGNATURE: &str = "signature.minisig";
pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const SCHEMA: &str = "schema.json";
pub(crate) const TRANSFORMS: &str = "features.json";
pub(crate) const GRAPH: &str = "graph.json";
pub(crate) const SAFETENSORS: &str = "weights.safetensors";
pub(crate) const GGUF: &str = "weights.gguf";
pub(crate) const REFERENCE: &str = "reference.json";
pub(crate) const GOLDEN: &str = "golden.jsonl";
pub(crate) const GOLDEN_TENSORS: &str = "golden.safetensors";
pub(crate) const BASELINE_TRANSFORMS: &str = "baseline/features.json";
pub(crate) const BASELINE_GRAPH: &str = "baseline/graph.json";
pub(crate) const BASELINE_WEIGHTS: &str = "baseline/weights.safetensors";
pub(crate) const README: &str = "README.md";

/// Every entry that a manifest may list, in file order, and whether a bundle is incomplete without it.
pub(crate) const LISTED: [(&str, bool); 12] = [
    (SCHEMA, true),
    (TRANSFORMS, true),
    (GRAPH, true),
    (SAFETENSORS, false),
    (GGUF, false),
    (REFERENCE, true),
    (GOLDEN, true),
    (GOLDEN_TENSORS, false),
    (BASELINE_TRANSFORMS, false),
    (BASELINE_GRAPH, false),
    (BASELINE_WEIGHTS, false),
    (README, true),
];

/// Whether an entry holds tensors: those are large, start at a multiple of [`limits::ALIGNMENT`], and are neither hashed
/// nor scanned when an installed bundle is opened.
pub(crate) fn holds_tensors(name: &str) -> bool {
    [SAFETENSORS, GGUF, GOLDEN_TENSORS, BASELINE_WEIGHTS].contains(&name)
}

/// The longest that an entry may be, with the limit's name.
pub(crate) fn max_length(name: &str) -> (u64, &'static str) {
    match name {
        SIGNATURE => (limits::MAX_SIGNATURE_BYTES as u64, "MAX_SIGNATURE_BYTES"),
        MANIFEST => (limits::MAX_MANIFEST_BYTES as u64, "MAX_MANIFEST_BYTES"),
        README => (limits::MAX_README_BYTES as u64, "MAX_README_BYTES"),
        _ if holds_tensors(name) => (limits::MAX_BUNDLE_BYTES, "MAX_BUNDLE_BYTES"),
        _ => (limits::MAX_JSON_BYTES as u64, "MAX_JSON_BYTES"),
    }
}

/// Whether a name could escape a folder that someone unpacks into, or be read as two names by two readers.
pub(crate) fn is_unsafe_name(name: &[u8]) -> bool {
    name.is_empty()
        || name.len() > limits::MAX_NAME_BYTES
        || name.iter().any(|b| !(0x20..0x7f).contains(b) || matches!(b, b'\\' | b':'))
        || name.split(|b| *b == b'/').any(|part| part.is_empty() || part == b"." || part == b"..")
}
