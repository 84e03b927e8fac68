//! Which devices are in the share of a rollout: a keyed hash decides, so that every release draws its own share and
//! raising the percentage only ever adds devices.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::digest::Digest;

/// Steps that a share is told in: hundredths of a percent.
const STEPS: u64 = 10_000;

/// The device's place in the rollout of a release, 0 to 9,999: the first eight bytes, big-endian, of HMAC-SHA256 over the
/// install id, keyed by the release's digest, modulo 10,000.
#[must_use]
pub fn place(digest: &Digest, install_id: &str) -> u64 {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(digest.bytes()) else { return STEPS - 1 };
    mac.update(install_id.as_bytes());
    let hash = mac.finalize().into_bytes();
    let first = hash.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    first % STEPS
}

/// Whether the device is in the first so many percent.
#[must_use]
pub fn is_in_share(digest: &Digest, install_id: &str, percent: u32) -> bool {
    place(digest, install_id) < u64::from(percent) * (STEPS / 100)
}
