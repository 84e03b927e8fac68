//! Seeded numbers, the same on every machine.

/// SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) struct Random {
    state: u64,
    spare: Option<f64>,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0xd134_2543_de82_ef95), spare: None }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in 0..1.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }

    pub(crate) fn below(&mut self, count: u64) -> u64 {
        self.next() % count
    }

    /// The numbers 0..count in random order (Fisher and Yates).
    pub(crate) fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last as u64 + 1) as usize);
        }
        order
    }
}

/// A stationary process with standard normal values, each `memory` times the one before and the rest fresh.
#[derive(Clone)]
pub(crate) struct Stream {
    memory: f64,
    last: Option<f64>,
}

impl Stream {
    pub(crate) fn new(memory: f64) -> Self {
        Self { memory, last: None }
    }

    pub(crate) fn take(&mut self, count: usize, random: &mut Random) -> Vec<f64> {
        let fresh = (1.0 - self.memory * self.memory).sqrt();
        let mut next = || {
            let value = match self.last {
                None => random.normal(),
                Some(last) => self.memory * last + fresh * random.normal(),
            };
            *self.last.insert(value)
        };
        (0..count).map(|_| next()).collect()
    }
}
