//! The share of a rollout: the hash is the one that is documented, shares are right, and they only grow.

use dunlin_channel::Digest;
use dunlin_channel::rollout::{is_in_share, place};
use proptest::prelude::*;

use crate::world::digest;

const DEVICES: u64 = 20_000;

fn install(number: u64) -> String {
    format!("install-{number}")
}

#[test]
fn places_are_those_that_another_implementation_computes() {
    // Python: int.from_bytes(hmac.new(digest, id.encode(), hashlib.sha256).digest()[:8], "big") % 10000
    let expected = [
        (7, "0190a6d2-7c1e-7b3a-9f42-5b8e1d0c6a97", 6743),
        (7, "", 7683),
        (7, "device-17", 2136),
        (7, "naïve", 7981),
        (8, "0190a6d2-7c1e-7b3a-9f42-5b8e1d0c6a97", 767),
        (8, "", 4723),
        (8, "device-17", 7415),
        (8, "naïve", 622),
    ];
    for (sequence, install_id, at) in expected {
        assert_eq!(place(&digest(sequence), install_id), at, "{sequence} {install_id}");
    }
    assert!(!is_in_share(&digest(8), "naïve", 6) && is_in_share(&digest(8), "naïve", 7));
}

/// Four standard deviations of a binomial count.
fn slack(share: f64) -> f64 {
    4.0 * (DEVICES as f64 * share * (1.0 - share)).sqrt()
}

#[test]
fn shares_are_right_within_binomial_error_for_each_release() {
    for sequence in 0..5 {
        for percent in [1, 10, 50, 99] {
            let share = f64::from(percent) / 100.0;
            let took = (0..DEVICES).filter(|n| is_in_share(&digest(sequence), &install(*n), percent)).count();
            let off = (took as f64 - DEVICES as f64 * share).abs();
            assert!(off <= slack(share), "{took} of {DEVICES} devices at {percent} %");
        }
    }
}

#[test]
fn two_releases_draw_their_first_devices_apart() {
    let both = (0..DEVICES).filter(|n| [1, 2].iter().all(|release| is_in_share(&digest(*release), &install(*n), 10)));
    let off = (both.count() as f64 - DEVICES as f64 * 0.01).abs();
    assert!(off <= slack(0.01), "the same devices would always go first");
}

#[test]
fn nobody_is_in_nothing_and_everybody_in_all() {
    assert!(
        (0..DEVICES).all(|n| !is_in_share(&digest(1), &install(n), 0) && is_in_share(&digest(1), &install(n), 100))
    );
}

proptest! {
    #[test]
    fn raising_the_percentage_only_adds_devices(bytes: [u8; 32], install_id in ".{0,40}", low in 0_u32..=100, more in 0_u32..=100) {
        let (release, high) = (Digest::from(bytes), (low + more).min(100));
        prop_assert!(!is_in_share(&release, &install_id, low) || is_in_share(&release, &install_id, high));
        prop_assert!(place(&release, &install_id) < 10_000);
    }
}
