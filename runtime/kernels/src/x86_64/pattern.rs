//! How the packed channels of a depthwise convolution lie: in blocks as long as a vector, over pixels that touch.

/// The blocks that weights, bias and scale are repeated for.
///
/// Where pixels touch, a line is one run of `pixels * channels` bytes, and the channels that stand in a vector's bytes
/// repeat after `channels / gcd(channels, bytes)` vectors: 8 channels fill a vector as well as 64 do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Vectors of bytes.
    pub(super) blocks: usize,
    /// Whether the first block follows on the last; else each pixel starts anew with the first.
    pub(super) periodic: bool,
}

/// Blocks past which repeating is not worth its memory.
const MOST: usize = 8;

impl Pattern {
    /// The pattern of so many channels, in vectors of `bytes`, a power of two.
    pub(super) fn of(channels: usize, bytes: usize) -> Self {
        // The greatest common divisor with a power of two.
        let period = channels >> channels.trailing_zeros().min(bytes.trailing_zeros());
        let once = channels.div_ceil(bytes);
        if period <= MOST.max(once) {
            Self { blocks: period, periodic: true }
        } else {
            Self { blocks: once, periodic: false }
        }
    }
}

/// The channel of an entry, where entries are i32 or f32 and stand in the order in which bytes are unpacked to them:
/// the first vector of four has four from each 128-bit lane of the bytes, and so on.
pub(super) fn channel(channels: usize, bytes: usize, entry: usize) -> usize {
    let (block, entry) = (entry / bytes, entry % bytes);
    let (vector, entry) = (entry / (bytes / 4), entry % (bytes / 4));
    let byte = block * bytes + entry / 4 * 16 + vector * 4 + entry % 4;
    if Pattern::of(channels, bytes).periodic { byte % channels } else { byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_repeats_where_that_takes_few_vectors() {
        for (channels, blocks, periodic) in [
            (8, 1, true),
            (64, 1, true),
            (24, 3, true),
            (96, 3, true),
            (1024, 16, true),
            (63, 1, false),
            (72, 2, false),
        ] {
            assert_eq!(Pattern::of(channels, 64), Pattern { blocks, periodic }, "{channels}");
        }
    }

    #[test]
    fn every_channel_has_its_entries() {
        for channels in [1, 8, 24, 63, 72, 130] {
            for bytes in [32, 64] {
                let pattern = Pattern::of(channels, bytes);
                let mut times = vec![0; channels];
                for entry in 0..pattern.blocks * bytes {
                    if let Some(times) = times.get_mut(channel(channels, bytes, entry)) {
                        *times += 1;
                    }
                }
                let once = if pattern.periodic { pattern.blocks * bytes / channels } else { 1 };
                assert_eq!(times, vec![once; channels]);
            }
        }
    }
}
