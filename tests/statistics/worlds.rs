//! What the device promises: hardly a false alarm where nothing has shifted, and alarms where much has. All repeats are
//! seeded, so that a failure is a change of the statistics and not of the luck; docs/monitoring.md has the full tables.

use dunlin_models::digits::WornCamera;

use crate::simulation::digits::{Watch, alarming};
use crate::simulation::streams::{World, watch};
use crate::simulation::{bound, share};

const REPEATS: usize = 200;

#[test]
fn digits_that_have_not_changed_hardly_ever_alarm() {
    let sizes = [50, 100, 200, 360];
    for (watched, repeats) in [(Watch::Scalars, REPEATS), (Watch::Pixels, REPEATS / 2)] {
        for (hits, size) in alarming(watched, None, &sizes, repeats).into_iter().zip(sizes) {
            assert!(share(hits, repeats) <= bound(repeats), "{hits} of {repeats} windows of {size} alarmed");
        }
    }
}

#[test]
fn a_worn_camera_is_noticed_in_fifty_pictures() {
    let hits = alarming(Watch::Scalars, Some(WornCamera::DEMO), &[50], REPEATS)[0];
    assert!(share(hits, REPEATS) >= 0.99, "{hits} of {REPEATS}");
}

#[test]
fn streams_that_have_not_changed_hardly_ever_alarm_whatever_their_memory_and_reference() {
    let sizes = [50, 100, 200, 500, 1000];
    for memory in [0.0, 0.6, 0.9] {
        for past in [None, Some(300), Some(1000)] {
            let world = World { memory, past };
            for (happened, size) in watch(world, &sizes, REPEATS, 1).iter().zip(sizes) {
                let hits = happened.false_alarms;
                assert!(share(hits, REPEATS) <= bound(REPEATS), "{world:?}: {hits} of {REPEATS} windows of {size}");
            }
        }
    }
}

#[test]
fn a_shift_of_one_standard_deviation_is_found_once_there_is_evidence() {
    // Sizes of windows at which it must be found nearly always.
    for (memory, size) in [(0.0, 100), (0.6, 500), (0.9, 2000)] {
        let world = World { memory, past: None };
        let happened = &watch(world, &[size], REPEATS / 2, 2)[0];
        let found = share(happened.found[2], REPEATS / 2);
        assert!(found >= 0.95, "{world:?}, windows of {size}: found in {found}");
    }
}
