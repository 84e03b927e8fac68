//! Every bound that the importer puts on what a file may claim, each with its reason.

/// Largest file: small models are far below. Decoded, a hostile one takes about twenty times its bytes (empty strings
/// in lists), so this also bounds memory.
pub(crate) const MAX_FILE_BYTES: usize = 1 << 29;
/// Most nodes, as in a bundle.
pub(crate) const MAX_NODES: usize = dunlin_bundle::limits::MAX_NODES;
/// Most initializers, as in a bundle.
pub(crate) const MAX_TENSORS: usize = dunlin_bundle::limits::MAX_TENSORS;
/// Most inputs, outputs and attributes of one node: a Concat of many values has some hundreds.
pub(crate) const MAX_NODE_FIELDS: usize = 4_096;
/// Most inputs and outputs of the graph, initializers that old files list as inputs among them.
pub(crate) const MAX_VALUES: usize = MAX_TENSORS + dunlin_bundle::limits::MAX_FEATURES;
/// Most inputs, and most outputs, as in a bundle.
pub(crate) const MAX_FEATURES: usize = dunlin_bundle::limits::MAX_FEATURES;
/// Longest shape, axes list or the like that is followed while shapes are worked out.
pub(crate) const MAX_KNOWN: usize = 64;
/// Nodes after rewriting, for each one in the file: the largest rewriting (a classifier of trees) makes about 20.
pub(crate) const MAX_GROWTH: usize = 32;
/// Most elements of constants that nodes fill with one value, all together: they are stored.
pub(crate) const MAX_FILLED: usize = 1 << 20;
