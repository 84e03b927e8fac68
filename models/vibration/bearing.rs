//! A spall in a rolling bearing: when balls strike it, how hard, and how the structure rings.
//!
//! Formulas: R. B. Randall and J. Antoni, "Rolling element bearing diagnostics - a tutorial", Mechanical Systems and
//! Signal Processing 25 (2011), section 2; the load zone: P. D. McFadden and J. D. Smith, "Model for the vibration produced by a
//! single point defect in a rolling element bearing", Journal of Sound and Vibration 96 (1984).

use std::f64::consts::TAU;

use super::machine::SAMPLE_RATE_HZ;
use crate::train::SeededRandom;

/// Balls of an SKF 6205-2RS, the bearing of the recordings of Case Western Reserve University's Bearing Data Center.
const BALLS: f64 = 9.0;
/// Its ball diameter by its pitch diameter: 7.94 mm by 39.04 mm. Its contact angle is 0.
const DIAMETER_RATIO: f64 = 7.94 / 39.04;

/// Balls that pass a point of the outer race in a turn of the shaft (BPFO by the shaft's rate).
pub(super) const OUTER_ORDER: f64 = BALLS / 2.0 * (1.0 - DIAMETER_RATIO);
/// Balls that pass a point of the inner race in a turn of the shaft (BPFI by the shaft's rate).
pub(super) const INNER_ORDER: f64 = BALLS / 2.0 * (1.0 + DIAMETER_RATIO);

/// Standard deviation of the time between two strikes, by its mean: balls slip by 1 to 2 %.
const SLIP: f64 = 0.015;

/// Where the spall is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Race {
    /// Stands still, where the load presses most.
    Outer,
    /// Turns with the shaft, and is struck hard only while it passes through the load zone.
    Inner,
}

/// Strikes and what rings after them.
#[derive(Clone, Debug)]
pub(super) struct Spall {
    race: Race,
    /// Mean samples between strikes.
    interval: f64,
    /// Samples until the next one.
    until: f64,
    /// First swing of the ringing after a strike at full load, in g.
    amplitude: f64,
    ringing: Ringing,
}

impl Spall {
    /// `amplitude` in g, for a shaft of `speed_hz`.
    pub(super) fn new(race: Race, speed_hz: f64, amplitude: f64, ringing: Ringing, random: &mut SeededRandom) -> Self {
        let order = if race == Race::Outer { OUTER_ORDER } else { INNER_ORDER };
        let interval = SAMPLE_RATE_HZ / (speed_hz * order);
        Self { race, interval, until: interval * f64::from(random.uniform()), amplitude, ringing }
    }

    /// Acceleration at the next sample, in g. `turn` is where the shaft is, in turns.
    pub(super) fn next(&mut self, turn: f64, random: &mut SeededRandom) -> f64 {
        self.ringing.fade();
        self.until -= 1.0;
        while self.until <= 0.0 {
            self.ringing.strike(self.amplitude * self.pressure(turn), -self.until);
            self.until += self.interval * (1.0 + SLIP * f64::from(random.normal()));
        }
        self.ringing.acceleration()
    }

    /// Share of the greatest load that presses on the spall: Stribeck's distribution for a ball bearing without
    /// clearance, `cos(angle)^1.5` over the loaded half.
    fn pressure(&self, turn: f64) -> f64 {
        match self.race {
            Race::Outer => 1.0,
            Race::Inner => (TAU * turn).cos().max(0.0).powf(1.5),
        }
    }
}

/// A structural resonance: decaying oscillations, summed as one turning and shrinking vector. Strikes between samples keep
/// their time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ringing {
    /// Radians a sample.
    turning: f64,
    /// Natural logarithm of what a sample leaves; below 0.
    fading: f64,
    vector: [f64; 2],
}

impl Ringing {
    /// Rings at `frequency_hz` with a damping ratio.
    pub(super) fn new(frequency_hz: f64, damping: f64) -> Self {
        let natural = TAU * frequency_hz / SAMPLE_RATE_HZ;
        Self { turning: natural, fading: -damping * natural, vector: [0.0; 2] }
    }

    /// One sample passes.
    fn fade(&mut self) {
        let [x, y] = self.vector;
        let [cos, sin] = self.after(1.0);
        self.vector = [x * cos - y * sin, x * sin + y * cos];
    }

    /// Something struck so many samples ago.
    fn strike(&mut self, amplitude: f64, age: f64) {
        let [x, y] = self.after(age);
        self.vector[0] += amplitude * x;
        self.vector[1] += amplitude * y;
    }

    fn after(&self, samples: f64) -> [f64; 2] {
        let left = (self.fading * samples).exp();
        let (sin, cos) = (self.turning * samples).sin_cos();
        [left * cos, left * sin]
    }

    fn acceleration(&self) -> f64 {
        self.vector[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orders_are_those_that_case_western_publishes_for_its_drive_end_bearing() {
        assert!((OUTER_ORDER - 3.5848).abs() < 1e-4 && (INNER_ORDER - 5.4152).abs() < 1e-4);
    }

    #[test]
    fn a_strike_between_two_samples_rings_as_the_formula_says() {
        let mut ringing = Ringing::new(350.0, 0.05);
        ringing.strike(0.5, 0.25);
        for sample in 0..20 {
            let seconds = (f64::from(sample) + 0.25) / SAMPLE_RATE_HZ;
            let natural = TAU * 350.0;
            let expected = 0.5 * (-0.05 * natural * seconds).exp() * (natural * seconds).sin();
            assert!((ringing.acceleration() - expected).abs() < 1e-12, "sample {sample}");
            ringing.fade();
        }
    }
}
