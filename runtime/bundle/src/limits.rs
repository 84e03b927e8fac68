//! Every bound that the reader puts on what a file may claim, each with its reason.

/// Largest bundle: zip's plain headers end at 4 GiB, and a phone should not be asked for half of that.
pub const MAX_BUNDLE_BYTES: u64 = 1 << 31;
/// Largest signature file: minisign's four lines take about 400 bytes.
pub const MAX_SIGNATURE_BYTES: usize = 2 * 1024;
/// Largest manifest: a few hundred bytes for each entry.
pub const MAX_MANIFEST_BYTES: usize = 256 * 1024;
/// Most entries: the format defines 13.
pub const MAX_ENTRIES: usize = 64;
/// Longest entry name.
pub const MAX_NAME_BYTES: usize = 255;
/// Largest JSON entry (schema, transforms, graph, reference).
pub const MAX_JSON_BYTES: usize = 16 << 20;
/// Deepest nesting of JSON: our own types need seven levels.
pub const MAX_JSON_DEPTH: usize = 32;
/// Largest model card.
pub const MAX_README_BYTES: usize = 1 << 20;
/// Largest header of a safetensors or GGUF entry.
pub const MAX_WEIGHTS_HEADER_BYTES: usize = 16 << 20;
/// Most tensors in one weights entry.
pub const MAX_TENSORS: usize = 65_536;
/// Most dimensions of a tensor.
pub const MAX_RANK: usize = 8;
/// Most elements of one tensor: 4 GiB of f32.
pub const MAX_TENSOR_ELEMENTS: usize = 1 << 30;
/// Most nodes of a graph.
pub const MAX_NODES: usize = 65_536;
/// Longest array attribute in the graph itself; a longer one lives in the weights.
pub const MAX_ATTRIBUTE_ITEMS: usize = 16;
/// Most transforms that one column goes through.
pub const MAX_TRANSFORMS: usize = 64;
/// Most features of a schema.
pub const MAX_FEATURES: usize = 4_096;
/// Most levels of a vocabulary.
pub const MAX_LEVELS: usize = 65_536;
/// Most golden cases: they run at every install.
pub const MAX_GOLDEN_CASES: usize = 1_024;
/// Longest model id.
pub const MAX_MODEL_ID_BYTES: usize = 64;
/// Alignment in the file of weights and golden tensors, so that they are mapped in place: one cache line.
pub const ALIGNMENT: usize = 64;
