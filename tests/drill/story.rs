//! The drill: a good release, a bad one that no test before it could find, and the day on which it shows.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dunlin_bundle::Parts;
use dunlin_tests::challenger::{biased, latent};

use crate::device::{Device, End, World};
use crate::publisher::Publisher;

/// Hours between two visits of a device.
const EVERY_HOURS: u64 = 6;
const PREDICTIONS: u64 = 60;
const HOUR_US: i64 = 3_600_000_000;
/// Sequence of the bad release.
const BAD: u64 = 3;
/// From this hour on one record in so many is of a kind that nobody trained for.
const WORLD_CHANGES: u64 = 102;
const RICH_ONE_IN: u64 = 20;
const LAST_HOUR: u64 = 180;

/// What happens at an hour: for people, and what the publisher does.
type Act = (u64, &'static str, fn(&Publisher));

const SCRIPT: [Act; 10] = [
    (0, "sequence 1 goes to all", |publisher| publisher.publish(&good(1), 100)),
    (6, "sequence 2 goes to 10 %", |publisher| publisher.publish(&good(2), 10)),
    (12, "sequence 2 goes to 50 %", |publisher| publisher.rollout(2, 50)),
    (18, "sequence 2 goes to all", |publisher| publisher.rollout(2, 100)),
    (60, "sequence 3, the bad one, goes to the first", |publisher| {
        publisher.publish(&latent(BAD), publisher.first_percent)
    }),
    (84, "sequence 3 goes to 50 %", |publisher| publisher.rollout(BAD, 50)),
    (
        WORLD_CHANGES,
        "one record in twenty is of somebody richer than any in training: on those, sequence 3 makes NaN",
        |_| {},
    ),
    (114, "sequence 3 is halted", |publisher| publisher.halt(BAD)),
    (120, "sequence 3 is recalled", |publisher| publisher.recall(BAD, "NaN on incomes beyond 20,000")),
    (126, "sequence 4 goes to all", |publisher| publisher.publish(&good(4), 100)),
];

fn good(sequence: u64) -> Parts {
    biased(sequence, [0.0; 3])
}

/// How many devices have which sequence active, and as a candidate, after an hour's visits.
pub(crate) struct Hour {
    pub(crate) hour: u64,
    pub(crate) active: BTreeMap<u64, usize>,
    pub(crate) candidate: BTreeMap<u64, usize>,
    pub(crate) news: Vec<&'static str>,
}

/// What happened.
pub(crate) struct Story {
    pub(crate) devices: Vec<Device>,
    pub(crate) ends: BTreeMap<End, usize>,
}

/// Plays it over so many devices, of which a share is the first to get the bad release; `told` hears of each hour.
pub(crate) fn play(count: usize, first_percent: u32, mut told: impl FnMut(&Hour)) -> Story {
    let dir = tempfile::tempdir().unwrap();
    let publisher = Publisher::new(dir.path(), first_percent);
    let root = publisher.root();
    let began_us = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap();
    let mut devices: Vec<Device> =
        (0..count).map(|number| Device::new(dir.path().join(format!("device-{number}")), number as u64)).collect();
    for hour in (0..=LAST_HOUR).step_by(EVERY_HOURS as usize) {
        let acts: Vec<&Act> = SCRIPT.iter().filter(|(at, ..)| *at == hour).collect();
        let news = acts.iter().map(|(_, what, _)| *what).collect();
        acts.iter().for_each(|(_, _, act)| act(&publisher));
        let world = World {
            url: &publisher.url,
            root: &root,
            now_us: began_us + hour as i64 * HOUR_US,
            visit: Duration::from_secs(3_600),
            predictions: PREDICTIONS,
            rich_one_in: if hour >= WORLD_CHANGES { RICH_ONE_IN } else { 0 },
            bad: BAD,
        };
        devices.iter_mut().for_each(|device| device.visit(&world));
        let counted = |of: fn(&Device) -> Option<u64>| {
            devices.iter().filter_map(of).fold(BTreeMap::new(), |mut counts, sequence| {
                *counts.entry(sequence).or_default() += 1;
                counts
            })
        };
        let (active, candidate) = (counted(|device| device.active), counted(|device| device.candidate));
        told(&Hour { hour, active, candidate, news });
    }
    let mut ends = BTreeMap::new();
    devices.iter().for_each(|device| *ends.entry(device.end(BAD)).or_default() += 1);
    Story { devices, ends }
}

impl Story {
    /// Devices on which the bad release ever answered.
    pub(crate) fn exposed(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(|device| device.exposure.answers > 0)
    }
}
