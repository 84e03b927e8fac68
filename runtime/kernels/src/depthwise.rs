//! The f32 depthwise convolution: its door, and how its weights are packed.

use crate::aligned::Aligned;
use crate::dispatch::Kernels;
use crate::geometry::{Clamp, Grid, Place, Taps};
use crate::isa::Isa;

/// What an instruction set brings for the f32 depthwise convolution.
#[derive(Debug)]
pub(crate) struct DepthwiseF32Table {
    /// Grammar of names: docs/kernels.md.
    pub(crate) name: &'static str,
    /// Weights and bias are padded with zeros to a multiple of so many channels.
    pub(crate) vector: usize,
    /// The kernel.
    pub(crate) run: unsafe fn(&DepthwiseF32Args),
}

/// One call, on pointers. Weights are `[tap][channels, padded]`; `taps.len` is the channels.
pub(crate) struct DepthwiseF32Args {
    pub(crate) grid: Grid,
    pub(crate) x: *const f32,
    pub(crate) from: Place,
    pub(crate) taps: Taps,
    pub(crate) w: *const f32,
    /// Elements from the weights of a tap to those of the next.
    pub(crate) w_tap: usize,
    pub(crate) bias: *const f32,
    pub(crate) y: *mut f32,
    pub(crate) to: Place,
    pub(crate) clamp: Clamp,
}

/// Weights (taps, channels) and bias (channels), in the order in which the kernels of one instruction set read them.
#[derive(Clone, Debug)]
pub struct PackedDepthwiseF32 {
    isa: Isa,
    taps: usize,
    channels: usize,
    /// Weights by tap, then the bias.
    data: Aligned,
    padded: usize,
}

impl PackedDepthwiseF32 {
    /// Packs weights given by tap, channels last; no bias is a bias of zero. `None` when a slice is too short.
    #[must_use]
    pub fn new(kernels: &Kernels, weights: &[f32], taps: usize, channels: usize, bias: Option<&[f32]>) -> Option<Self> {
        let padded = channels.checked_next_multiple_of(kernels.depthwise_f32.vector)?;
        let lines = taps.checked_add(1)?;
        let mut data = Aligned::new(lines.checked_mul(padded)?.checked_mul(size_of::<f32>())?);
        let weights = weights.get(..taps.checked_mul(channels)?)?;
        if channels > 0 {
            let bias = bias.map(|bias| bias.get(..channels));
            if bias == Some(None) {
                return None;
            }
            let lines = weights.chunks_exact(channels).chain(bias.flatten());
            for (line, values) in data.all_mut::<f32>().chunks_exact_mut(padded).zip(lines) {
                line[..channels].copy_from_slice(values);
            }
        }
        Some(Self { isa: kernels.isa, taps, channels, data, padded })
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.len()
    }
}

/// `y = clamp(sum over taps of x * w + bias)`, channel by channel, channels last.
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseF32 {
    /// The pixels to make.
    pub grid: Grid,
    /// Where the windows of x start.
    pub from: Place,
    /// The window; its runs are the channels.
    pub taps: Taps,
    /// Where the pixels of y start.
    pub to: Place,
    /// Bounds of the result.
    pub clamp: Clamp,
}

impl DepthwiseF32 {
    /// Name of the kernel that runs, by the grammar of docs/kernels.md.
    #[must_use]
    pub fn kernel(kernels: &Kernels) -> &'static str {
        kernels.depthwise_f32.name
    }

    /// Runs on the kernels that the weights were packed for.
    ///
    /// # Panics
    /// When a place ends past its slice, or the weights are packed for other kernels or another size: faults of a plan.
    pub fn run(&self, kernels: &Kernels, x: &[f32], w: &PackedDepthwiseF32, y: &mut [f32]) {
        assert_eq!(w.isa, kernels.isa, "weights packed for other kernels");
        assert_eq!((self.taps.rows * self.taps.cols, self.taps.len), (w.taps, w.channels), "weights of another size");
        self.grid.check("x", &self.from, self.taps.reach(1), x.len());
        self.grid.check("y", &self.to, Some(w.channels), y.len());
        let data = w.data.all::<f32>();
        let args = DepthwiseF32Args {
            grid: self.grid,
            x: x.as_ptr(),
            from: self.from,
            taps: self.taps,
            w: data.as_ptr(),
            w_tap: w.padded,
            bias: data[w.taps * w.padded..].as_ptr(),
            y: y.as_mut_ptr(),
            to: self.to,
            clamp: self.clamp,
        };
        // SAFETY: the CPU has the instruction set, or there would be no `kernels`. All that is read of x and written of y
        // was checked above to lie within its slice; weights and bias were sized by `PackedDepthwiseF32::new`.
        unsafe { (kernels.depthwise_f32.run)(&args) }
    }
}
