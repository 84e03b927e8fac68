//! Every bound on what comes over the channel, each with its reason. Sizes are checked before anything is parsed.

/// Largest root document, signatures included: 32 keys and 16 signatures take 12 KiB.
pub const MAX_ROOT_BYTES: usize = 64 << 10;
/// Largest channel document: a dozen releases of 256 parts each.
pub const MAX_CHANNEL_BYTES: usize = 256 << 10;
/// Most roots that a device follows in one sync; a device that is further behind goes on the next time.
pub const MAX_ROOTS_PER_SYNC: usize = 32;
/// Most signatures on one document: each costs a verification.
pub const MAX_SIGNATURES: usize = 16;
/// Longest minisign signature: its four lines take about 400 bytes.
pub const MAX_SIGNATURE_BYTES: usize = 2 << 10;
/// Deepest nesting: our own documents need five levels.
pub const MAX_JSON_DEPTH: usize = 16;
/// Most keys that a root names.
pub const MAX_KEYS: usize = 32;
/// Most releases of a channel.
pub const MAX_RELEASES: usize = 64;
/// Most recalls of a channel.
pub const MAX_RECALLS: usize = 256;
/// Most parts of one bundle: the largest bundle in parts of 1 MiB.
pub const MAX_PARTS: usize = 2_048;
/// Smallest part: a request for less costs more than it brings.
pub const MIN_PART_BYTES: u64 = 1 << 10;
/// Largest part: it is held in memory while its hash is checked.
pub const MAX_PART_BYTES: u64 = 16 << 20;
/// Largest bundle, as the bundle format has it.
pub const MAX_BUNDLE_BYTES: u64 = 1 << 31;
/// Most processors that a release names.
pub const MAX_ARCHS: usize = 16;
/// Longest name of a key, a model, a channel, a processor, and longest version.
pub const MAX_NAME_BYTES: usize = 64;
/// Longest path of a bundle.
pub const MAX_PATH_BYTES: usize = 255;
/// Longest reason of a recall.
pub const MAX_REASON_BYTES: usize = 1 << 10;
