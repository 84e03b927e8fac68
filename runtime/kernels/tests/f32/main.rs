//! The f32 product and depthwise convolution, in every instruction set of this CPU, against plain loops in f64.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cases;
mod depthwise;
mod edges;
#[path = "../guarded/mod.rs"]
mod guarded;
mod plain;
mod product;

use dunlin_kernels::{Isa, Kernels};
use guarded::Guarded;

/// What stands where no result belongs.
const UNTOUCHED: f32 = -7777.0;

/// A result to be written, where nothing is yet.
fn untouched(len: usize) -> Guarded<f32> {
    Guarded::new(&vec![UNTOUCHED; len])
}

fn kernels() -> impl Iterator<Item = &'static Kernels> {
    Isa::available().map(|isa| Kernels::of(isa).unwrap())
}

/// Numbers that look random, the same for the same seed (splitmix64).
struct Numbers(u64);

impl Numbers {
    /// From -1 up to 1.
    fn real(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn reals(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.real()).collect()
    }

    fn guarded(&mut self, len: usize) -> Guarded<f32> {
        Guarded::new(&self.reals(len))
    }
}
