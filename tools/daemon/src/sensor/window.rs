//! Windows over a stream of samples: a length, and a hop from the start of one to that of the next.

use std::collections::VecDeque;

/// The newest samples, at most a window of them.
pub(super) struct Window {
    length: usize,
    channels: usize,
    hop: usize,
    values: VecDeque<f32>,
    /// Samples until a window is due.
    wanted: usize,
}

impl Window {
    /// An empty one: the first window is due after `length` samples, each further one after `hop` more.
    pub(super) fn new(length: usize, channels: usize, hop: usize) -> Self {
        let capacity = length.saturating_mul(channels);
        Self { length, channels, hop: hop.max(1), values: VecDeque::with_capacity(capacity), wanted: length }
    }

    /// Whether it has this size.
    pub(super) fn is_of(&self, length: usize, channels: usize) -> bool {
        (self.length, self.channels) == (length, channels)
    }

    /// Takes a sample, a value for each channel, and tells whether a window is due. What a channel lacks is NaN, and what is
    /// too much is left out: the schema then refuses the window by name.
    pub(super) fn push(&mut self, sample: &[f32]) -> bool {
        if self.values.len() >= self.length.saturating_mul(self.channels) {
            self.values.drain(..self.channels);
        }
        let mut given = sample.iter().copied();
        let is_right = sample.len() == self.channels;
        self.values.extend((0..self.channels).map(|_| given.next().filter(|_| is_right).unwrap_or(f32::NAN)));
        self.wanted = self.wanted.saturating_sub(1);
        if self.wanted > 0 {
            return false;
        }
        self.wanted = self.hop;
        true
    }

    /// Whether every sample is the same, bit for bit, and finite. No sensor of a physical quantity is so quiet for long.
    pub(super) fn is_constant(&self) -> bool {
        let first = self.values.iter().take(self.channels);
        let bits = |value: &f32| value.to_bits();
        let first: Vec<u32> = first.map(bits).collect();
        let is_finite = self.values.iter().all(|value| value.is_finite());
        self.length > 1
            && is_finite
            && self.values.iter().zip(first.iter().cycle()).all(|(value, first)| bits(value) == *first)
    }

    /// The window, sample after sample.
    pub(super) fn samples(&self) -> Vec<f32> {
        self.values.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The windows over 0, 1, 2, ...
    fn windows(length: usize, hop: usize, samples: u16) -> Vec<Vec<f32>> {
        let mut window = Window::new(length, 1, hop);
        let mut due = Vec::new();
        for i in 0..samples {
            if window.push(&[f32::from(i)]) {
                due.push(window.samples());
            }
        }
        due
    }

    #[test]
    fn windows_overlap_touch_or_leave_samples_out_as_the_hop_says() {
        assert_eq!(windows(3, 1, 5), [[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]);
        assert_eq!(windows(2, 2, 5), [[0.0, 1.0], [2.0, 3.0]]);
        assert_eq!(windows(2, 3, 8), [[0.0, 1.0], [3.0, 4.0], [6.0, 7.0]]);
        assert_eq!(windows(3, 3, 2), Vec::<Vec<f32>>::new());
    }

    #[test]
    fn channels_stay_together_and_a_sample_with_too_few_or_too_many_values_is_not_a_number() {
        let mut window = Window::new(2, 2, 2);
        assert!(!window.push(&[1.0, 2.0]) && window.push(&[3.0, 4.0]));
        assert_eq!(window.samples(), [1.0, 2.0, 3.0, 4.0]);
        for wrong in [&[5.0][..], &[5.0, 6.0, 7.0], &[]] {
            window.push(wrong);
            assert!(window.samples()[2..].iter().all(|value| value.is_nan()));
        }
    }

    #[test]
    fn a_stuck_sensor_is_told_from_a_quiet_one() {
        let mut window = Window::new(3, 2, 3);
        for _ in 0..3 {
            window.push(&[0.5, -1.0]);
        }
        assert!(window.is_constant());
        window.push(&[0.5, -1.0 + f32::EPSILON]);
        assert!(!window.is_constant());
        assert!(!Window::new(1, 1, 1).is_constant(), "one sample is nothing to compare");
    }
}
