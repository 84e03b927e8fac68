//! What the app decides about updates.

/// Largest bundle that is fetched unless the app says otherwise: a phone's app may keep hundreds of megabytes, and an
/// installation holds the file twice for a moment.
const MAX_BYTES: u64 = 256 << 20;

/// Which channel is followed, and what it may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatePolicy {
    /// The channel's root that ships with the app: the text of `root/N.json`.
    pub root: Vec<u8>,
    /// Name of the channel, such as `stable`.
    pub channel: String,
    /// Whether bundles are fetched over a metered link too. What is recalled is heard of over any link.
    pub over_metered: bool,
    /// Largest bundle that is fetched. Twice as much is needed on the disk for a moment.
    pub max_bytes: u64,
    /// Models that the device should have, besides those installed.
    pub models: Vec<String>,
}

impl UpdatePolicy {
    /// Follows a channel under a root; bundles of up to 256 MiB, over links that cost nothing.
    #[must_use]
    pub fn new(root: impl Into<Vec<u8>>, channel: impl Into<String>) -> Self {
        let (root, channel) = (root.into(), channel.into());
        Self { root, channel, over_metered: false, max_bytes: MAX_BYTES, models: Vec::new() }
    }
}
