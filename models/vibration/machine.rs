//! A rotating machine: how fast it turns, what it carries, and what is wrong with it.

use super::mount::WornMount;
use super::stream::Stream;

/// Samples a second of the simulated accelerometer.
pub const SAMPLE_RATE_HZ: f64 = 1000.0;
/// Samples of a window, about a quarter of a second: four to eight turns of the shaft.
pub const WINDOW: usize = 256;

/// Shaft speeds that the model is made for, in Hz: 900 to 1,800 turns a minute.
pub(super) const SPEEDS_HZ: [f32; 2] = [15.0, 30.0];
/// Loads that the model is made for, as shares of the rated one.
pub(super) const LOADS: [f32; 2] = [0.25, 1.0];

/// Slowest and fastest shaft that is simulated; at the fastest, balls still pass more than three samples apart.
const SPEED_LIMITS_HZ: [f32; 2] = [1.0, 60.0];
/// Least and greatest load that is simulated.
const LOAD_LIMITS: [f32; 2] = [0.0, 2.0];

/// What is wrong with a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: what is left of unbalance and misalignment after fitting, and noise.
    Healthy,
    /// The rotor's centre of mass lies off its axis.
    Unbalance,
    /// A spall on the bearing's outer race, in its load zone.
    OuterRace,
    /// A spall on the bearing's inner race, which turns through the load zone.
    InnerRace,
}

impl Fault {
    /// All of them, in the order of the model's classes.
    pub const ALL: [Self; 4] = [Self::Healthy, Self::Unbalance, Self::OuterRace, Self::InnerRace];

    /// Its class: `healthy`, `unbalance`, `outer_race`, `inner_race`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unbalance => "unbalance",
            Self::OuterRace => "outer_race",
            Self::InnerRace => "inner_race",
        }
    }
}

/// A third of the range of speeds or loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The lowest third, and what is below.
    Low,
    /// The middle third.
    Medium,
    /// The highest third, and what is above.
    High,
}

impl Level {
    fn of(value: f32, [min, max]: [f32; 2]) -> Self {
        match 3.0 * (value - min) / (max - min) {
            third if third >= 2.0 => Self::High,
            third if third >= 1.0 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// `low`, `medium` or `high`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One machine. Two with the same fields vibrate alike, sample by sample.
///
/// ```
/// use dunlin_models::vibration::{Fault, Machine, WINDOW, WornMount};
///
/// let machine = Machine { speed_hz: 24.0, load: 0.8, fault: Fault::OuterRace, seed: 1 };
/// let fresh: Vec<f32> = machine.stream().take(WINDOW).collect();
/// let worn: Vec<f32> = machine.stream_through(WornMount::DEMO).take(WINDOW).collect();
/// assert_ne!(fresh, worn);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// Turns of the shaft a second, brought within 1 to 60. The model knows 15 to 30.
    pub speed_hz: f32,
    /// Load as a share of the rated one, brought within 0 to 2. The model knows 0.25 to 1.
    pub load: f32,
    /// What is wrong with it.
    pub fault: Fault,
    /// Decides what differs from machine to machine (resonance, severity, noise), and every random number.
    pub seed: u64,
}

impl Machine {
    /// What an accelerometer on it says, for ever: one sample a millisecond, in g.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.stream_through(WornMount::NEW)
    }

    /// The same through a mount that has worn.
    #[must_use]
    pub fn stream_through(&self, mount: WornMount) -> Stream {
        Stream::new(self, mount)
    }

    /// Which third of the speeds from 15 to 30 Hz it turns in.
    #[must_use]
    pub fn speed_level(&self) -> Level {
        Level::of(self.speed_hz, SPEEDS_HZ)
    }

    /// Which third of the loads from 0.25 to 1 it carries.
    #[must_use]
    pub fn load_level(&self) -> Level {
        Level::of(self.load, LOADS)
    }

    /// Its speed within what is simulated; NaN becomes the slowest.
    pub(super) fn simulated_speed_hz(&self) -> f64 {
        within(self.speed_hz, SPEED_LIMITS_HZ)
    }

    /// Its load within what is simulated; NaN becomes none.
    pub(super) fn simulated_load(&self) -> f64 {
        within(self.load, LOAD_LIMITS)
    }
}

/// `max` and `min` take the number that is not NaN.
fn within(value: f32, [least, most]: [f32; 2]) -> f64 {
    f64::from(value.max(least).min(most))
}
