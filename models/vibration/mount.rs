//! A sensor that has worn, or whose mount has: what it would have said of the same vibration. The drift that monitoring
//! must notice.
//!
//! A mounted accelerometer answers as a mass on a spring: flat well below its mounted resonance, too much near it, little above.
//! Grease, wax or a screw that has loosened lower the resonance (ISO 5348:2021, mechanical mounting of accelerometers).

use std::f64::consts::TAU;

use super::machine::SAMPLE_RATE_HZ;

/// Damping ratio of a mount, by which it exaggerates at its resonance five times.
const DAMPING: f64 = 0.1;
/// Lowest resonance that is simulated, in Hz.
const LOWEST_HZ: f64 = 10.0;

/// What wear has done. In this order: the mount has loosened, the sensor has lost gain, its zero has moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WornMount {
    /// Mounted resonance in Hz, brought to 10 at least. From half of the sample rate (500) it is as a new one's, which lies at
    /// several kHz and does not show.
    pub resonance_hz: f32,
    /// What is left of the sensor's gain: 1 (all) to 0.
    pub gain: f32,
    /// What it says at rest, in g.
    pub offset_g: f32,
}

impl WornMount {
    /// A stud in a clean thread, and a sensor as calibrated: changes nothing.
    pub const NEW: Self = Self { resonance_hz: f32::INFINITY, gain: 1.0, offset_g: 0.0 };

    /// As loose as a magnet on a painted cover: the mount itself rings, and a healthy machine looks broken.
    pub const DEMO: Self = Self { resonance_hz: 180.0, gain: 0.75, offset_g: 0.04 };

    /// Begins to loosen: an eye sees no difference in the samples, and the model errs a little more often.
    pub const WEAK: Self = Self { resonance_hz: 470.0, gain: 0.97, offset_g: 0.003 };

    /// What the sensor says through it of a window that a new one has measured, in g; both at rest before.
    #[must_use]
    pub fn measure(&self, window: &[f32]) -> Vec<f32> {
        let mut sensor = Sensor::new(*self);
        window.iter().map(|sample| sensor.measure(f64::from(*sample))).collect()
    }
}

/// Steps of the sensor's converter in a g: 12 bits over 2 g either way, as is usual for a MEMS sensor.
const STEPS_PER_G: f64 = 1024.0;
/// What the sensor measures at most, in g either way.
const RANGE_G: f64 = 2.0;

/// An accelerometer on its mount.
#[derive(Clone, Debug)]
pub(super) struct Sensor {
    mount: WornMount,
    low_pass: Option<LowPass>,
}

impl Sensor {
    pub(super) fn new(mount: WornMount) -> Self {
        let resonance_hz = f64::from(mount.resonance_hz);
        // NaN shows as little as a new mount's resonance.
        let shows = resonance_hz < SAMPLE_RATE_HZ / 2.0;
        Self { mount, low_pass: shows.then(|| LowPass::new(resonance_hz.max(LOWEST_HZ))) }
    }

    /// One sample, in steps of the converter; NaN becomes 0.
    pub(super) fn measure(&mut self, acceleration: f64) -> f32 {
        let felt = self.low_pass.as_mut().map_or(acceleration, |filter| filter.next(acceleration));
        let said = f64::from(self.mount.gain) * felt + f64::from(self.mount.offset_g);
        let said = if said.is_nan() { 0.0 } else { said.clamp(-RANGE_G, RANGE_G) };
        ((said * STEPS_PER_G).round() / STEPS_PER_G) as f32
    }
}

/// A resonance of second order as a digital filter: `w^2 / (s^2 + 2 d w s + w^2)` by the bilinear transform, with the resonance
/// where it was (R. Bristow-Johnson's cookbook, "LPF", with Q = 1 / 2d).
#[derive(Clone, Debug)]
struct LowPass {
    /// Weights of the last three samples are `b`, `2 b`, `b`.
    b: f64,
    a: [f64; 2],
    inputs: [f64; 2],
    outputs: [f64; 2],
}

impl LowPass {
    fn new(resonance_hz: f64) -> Self {
        let (sin, cos) = (TAU * resonance_hz / SAMPLE_RATE_HZ).sin_cos();
        let alpha = sin * DAMPING;
        let a0 = 1.0 + alpha;
        let (b, a) = ((1.0 - cos) / 2.0 / a0, [-2.0 * cos / a0, (1.0 - alpha) / a0]);
        Self { b, a, inputs: [0.0; 2], outputs: [0.0; 2] }
    }

    fn next(&mut self, x: f64) -> f64 {
        let (x1, x2, y1, y2) = (self.inputs[0], self.inputs[1], self.outputs[0], self.outputs[1]);
        let y = self.b * (x + 2.0 * x1 + x2) - self.a[0] * y1 - self.a[1] * y2;
        self.inputs = [x, x1];
        self.outputs = [y, y1];
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a mount makes of a sine of 0.2 g, as a factor, once it has settled.
    fn factor(mount: WornMount, frequency_hz: f64) -> f64 {
        let sine = |i: u32| 0.2 * (TAU * frequency_hz * f64::from(i) / SAMPLE_RATE_HZ).sin();
        let mut sensor = Sensor::new(mount);
        let square = |i: u32| f64::from(sensor.measure(sine(i))).powi(2);
        let power: f64 = (0..4000).map(square).skip(2000).sum::<f64>() / 2000.0;
        (power / (0.2 * 0.2 / 2.0)).sqrt()
    }

    #[test]
    fn a_new_mount_changes_nothing() {
        let window: Vec<f32> = (-100_i16..100).map(|step| f32::from(step) / 1024.0).collect();
        assert_eq!(WornMount::NEW.measure(&window), window);
    }

    #[test]
    fn a_loose_mount_is_flat_below_its_resonance_exaggerates_at_it_and_is_deaf_above() {
        let loose = WornMount { resonance_hz: 150.0, ..WornMount::NEW };
        assert!((factor(loose, 15.0) - 1.0).abs() < 0.02);
        assert!((factor(loose, 150.0) - 5.0).abs() < 0.1);
        assert!(factor(loose, 350.0) < 0.2);
    }

    #[test]
    fn gain_and_offset_are_what_they_say() {
        let worn = WornMount { gain: 0.5, offset_g: 0.25, ..WornMount::NEW };
        assert_eq!(worn.measure(&[0.5, -0.5, 0.0]), [0.5, 0.0, 0.25]);
    }

    #[test]
    fn no_setting_panics_or_leaves_the_range() {
        for value in [f32::NAN, f32::INFINITY, -f32::INFINITY, 0.0, -1e30, 1e30] {
            let wild = WornMount { resonance_hz: value, gain: value, offset_g: value };
            let said = wild.measure(&[0.1, f32::NAN, 1e30, f32::NEG_INFINITY, 0.0]);
            assert!(said.iter().all(|sample| (-2.0..=2.0).contains(sample)), "{value}: {said:?}");
        }
    }
}
