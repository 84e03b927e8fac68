//! The windows that the model is trained and scored on: a quarter of a second each of as many machines.

use dunlin_features::{Record, TensorValue, Value};
use sha2::{Digest as _, Sha256};

use super::machine::{Fault, LOADS, Level, Machine, SPEEDS_HZ, WINDOW};
use crate::train::SeededRandom;

/// Machines of each fault.
const MACHINES_PER_FAULT: u64 = 600;
/// Seed of the first machine: far from small numbers, so that whoever counts his machines from 0 has ones that are new to
/// the model.
const FIRST_SEED: u64 = 1 << 32;
/// Samples that pass before a window, so that what rings has begun to.
const SETTLING: usize = 64;

/// What a sensor has measured of a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// [`WINDOW`] samples in g, from -2 to 2, one a millisecond.
    pub samples: Vec<f32>,
    /// The machine.
    pub machine: Machine,
}

/// The windows, each of a machine of its own: all faults equally often, speeds and loads uniform over what the model is made
/// for.
#[must_use]
pub fn windows() -> Vec<Window> {
    (0..MACHINES_PER_FAULT).flat_map(|number| Fault::ALL.map(|fault| window(fault, number))).collect()
}

fn window(fault: Fault, number: u64) -> Window {
    let seed = FIRST_SEED + number * Fault::ALL.len() as u64 + fault as u64;
    let mut random = SeededRandom::new(seed, 0);
    let mut draw = |[from, to]: [f32; 2]| from + (to - from) * random.uniform();
    let machine = Machine { speed_hz: draw(SPEEDS_HZ), load: draw(LOADS), fault, seed };
    Window { samples: machine.stream().skip(SETTLING).take(WINDOW).collect(), machine }
}

impl Window {
    /// The record that a board has of it: the samples alone.
    #[must_use]
    pub fn record(&self) -> Record<'static> {
        Record::new(vec![Some(self.tensor()), None, None])
    }

    /// The record with the levels of speed and load, which a test bench knows.
    #[must_use]
    pub fn record_with_context(&self) -> Record<'static> {
        let category = |level: Level| Some(Value::Category(level.name().into()));
        let (speed, load) = (self.machine.speed_level(), self.machine.load_level());
        Record::new(vec![Some(self.tensor()), category(speed), category(load)])
    }

    fn tensor(&self) -> Value<'static> {
        TensorValue::from_f32(&[self.samples.len()], &self.samples).into()
    }
}

/// SHA-256 of all samples and faults, in hex: the provenance of every model trained on them.
pub(super) fn sha256(windows: &[Window]) -> String {
    let mut hash = Sha256::new();
    for window in windows {
        hash.update(window.machine.fault.name());
        window.samples.iter().for_each(|sample| hash.update(sample.to_le_bytes()));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
