//! The vibration of a machine, sample by sample.
//!
//! - Unbalance is a force `m e w^2` that turns with the shaft: acceleration at 1x that grows with the square of the speed. A
//!   little is left in every rotor (ISO 21940-11 says how much may be).
//! - Misalignment bends the coupling twice a turn: 2x, more of it under load (ISO 13373-3).
//! - A spall is struck by one ball after the other, and the structure rings ([`super::bearing`]); the harder the more load the
//!   balls carry, and the faster they come.
//! - Everything else is broadband noise.

use std::f64::consts::TAU;

use super::bearing::{Race, Ringing, Spall};
use super::machine::{Fault, Machine, SAMPLE_RATE_HZ};
use super::mount::{Sensor, WornMount};
use crate::train::SeededRandom;

/// Speed at which amplitudes are given, in Hz.
const REFERENCE_HZ: f64 = 25.0;

/// Amplitude at 1x of a rotor that is balanced, and of one that is not, at 25 Hz, in g: from and to.
const BALANCED_G: [f64; 2] = [0.01, 0.08];
const UNBALANCED_G: [f64; 2] = [0.12, 0.5];
/// Amplitude at 2x under full load, in g.
const MISALIGNED_G: [f64; 2] = [0.01, 0.05];
/// First swing after a strike under full load at 25 Hz, in g.
const STRIKE_G: [f64; 2] = [0.06, 0.6];
/// The structure's resonance in Hz, that of a bracket or a cover: within what 1 kHz can sample.
const RESONANCE_HZ: [f64; 2] = [300.0, 420.0];
/// Its damping ratio: each strike has died away before the next but one.
const DAMPING: [f64; 2] = [0.04, 0.08];
/// Standard deviation of the noise, in g.
const NOISE_G: [f64; 2] = [0.015, 0.03];

/// What differs between machines, and what is measured: streams of the seeded generator.
mod purpose {
    pub(super) const MACHINE: u64 = 11;
    pub(super) const SAMPLES: u64 = 12;
}

/// Samples without end, one a millisecond, in g from -2 to 2; see [`Machine::stream`].
pub struct Stream {
    shaft: Shaft,
    spall: Option<Spall>,
    noise_g: f64,
    random: SeededRandom,
    sensor: Sensor,
}

/// The shaft and what turns with it.
struct Shaft {
    /// Turns a sample.
    step: f64,
    /// Where it is, in turns, 0 to 1.
    turn: f64,
    once_g: f64,
    twice_g: f64,
    /// By how much 2x is ahead of 1x, in turns.
    ahead: f64,
}

impl Stream {
    pub(super) fn new(machine: &Machine, mount: WornMount) -> Self {
        let mut own = SeededRandom::new(machine.seed, purpose::MACHINE);
        let mut draw = |[from, to]: [f64; 2]| from + (to - from) * f64::from(own.uniform());
        let (speed_hz, load) = (machine.simulated_speed_hz(), machine.simulated_load());
        let faster = speed_hz / REFERENCE_HZ;
        let rotor = if machine.fault == Fault::Unbalance { UNBALANCED_G } else { BALANCED_G };
        let shaft = Shaft {
            step: speed_hz / SAMPLE_RATE_HZ,
            turn: draw([0.0, 1.0]),
            once_g: draw(rotor) * faster * faster,
            twice_g: draw(MISALIGNED_G) * load,
            ahead: draw([0.0, 1.0]),
        };
        let ringing = Ringing::new(draw(RESONANCE_HZ), draw(DAMPING));
        let (strike_g, noise_g) = (draw(STRIKE_G) * load * faster, draw(NOISE_G));
        let mut random = SeededRandom::new(machine.seed, purpose::SAMPLES);
        let race = match machine.fault {
            Fault::Healthy | Fault::Unbalance => None,
            Fault::OuterRace => Some(Race::Outer),
            Fault::InnerRace => Some(Race::Inner),
        };
        let spall = race.map(|race| Spall::new(race, speed_hz, strike_g, ringing, &mut random));
        Self { shaft, spall, noise_g, random, sensor: Sensor::new(mount) }
    }

    /// Acceleration of the machine at the next sample, in g.
    fn acceleration(&mut self) -> f64 {
        let shaft = self.shaft.next();
        let ringing = self.spall.as_mut().map_or(0.0, |spall| spall.next(self.shaft.turn, &mut self.random));
        shaft + ringing + self.noise_g * f64::from(self.random.normal())
    }
}

impl Iterator for Stream {
    type Item = f32;

    /// Never `None`.
    fn next(&mut self) -> Option<f32> {
        let acceleration = self.acceleration();
        Some(self.sensor.measure(acceleration))
    }
}

impl Shaft {
    fn next(&mut self) -> f64 {
        self.turn = (self.turn + self.step).fract();
        self.once_g * (TAU * self.turn).sin() + self.twice_g * (TAU * (2.0 * self.turn + self.ahead)).sin()
    }
}

#[cfg(test)]
mod tests;
