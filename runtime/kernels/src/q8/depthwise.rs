//! The int8 depthwise convolution: its door, and how its weights are packed.

use super::floats::{self, Bounds};
use super::{Requantize, is_vast};
use crate::aligned::Aligned;
use crate::dispatch::{Kernels, SCALAR_TABLE};
use crate::geometry::{Grid, Place, Taps};
use crate::isa::Isa;

/// What an instruction set brings for the int8 depthwise convolution.
#[derive(Debug)]
pub(crate) struct DepthwiseQ8Table {
    /// Grammar of names: docs/kernels.md.
    pub(crate) name: &'static str,
    /// Entries of bias and scale for so many channels.
    pub(crate) entries: fn(channels: usize) -> Option<usize>,
    /// The channel of an entry of bias and scale; where it is none of the channels, the entry is zero.
    pub(crate) channel: fn(channels: usize, entry: usize) -> usize,
    /// What the kernel takes from each activation before it multiplies: 0, or 128 where it needs signed ones.
    pub(crate) offset: i32,
    /// Whether the kernel can take sums as floats; `offset` is then 0.
    pub(crate) floats: bool,
    /// Bytes that the packed weights of a window take.
    pub(crate) packed: fn(Window) -> Option<usize>,
    /// Packs: `weights` is `[tap][channel]`; the last argument is as long as `packed` says, and zero.
    pub(crate) pack: fn(Window, weights: &[i8], packed: &mut [i8]),
    /// The kernel.
    pub(crate) run: unsafe fn(&DepthwiseQ8Args),
}

/// The size of a depthwise window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Channels.
    pub channels: usize,
}

impl Window {
    /// Weights of the window.
    #[must_use]
    pub fn elements(self) -> Option<usize> {
        self.rows.checked_mul(self.cols)?.checked_mul(self.channels)
    }
}

/// One call, on pointers; `taps.len` is the channels.
pub(crate) struct DepthwiseQ8Args {
    pub(crate) grid: Grid,
    pub(crate) x: *const u8,
    pub(crate) from: Place,
    pub(crate) taps: Taps,
    pub(crate) w: *const i8,
    /// i32 for each entry of the table's order, from which sums start; holds the correction for x's zero point.
    pub(crate) bias: *const i32,
    /// f32 for each entry of the table's order.
    pub(crate) scale: *const f32,
    /// Where sums are floats as they stand: f32 for each entry, added after the scale. Else null.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "kernels of x86-64 take sums as floats"))]
    pub(crate) less: *const f32,
    pub(crate) requantize: Requantize,
    pub(crate) y: *mut u8,
    pub(crate) to: Place,
}

/// Weights by tap with what scales and shifts each channel, in the order in which one instruction set reads them.
#[derive(Clone, Debug)]
pub struct PackedDepthwiseQ8 {
    isa: Isa,
    window: Window,
    /// Weights, then bias and scale; then, for kernels that take sums as floats, what these start from and `less`.
    data: Aligned,
    channels_at: usize,
    entries: usize,
    /// As in `PackedQ8`.
    vast: bool,
    floats: bool,
}

impl PackedDepthwiseQ8 {
    /// Packs weights given by tap, channels last; `zero` is the zero point of x, `scale` what each channel's sum is
    /// multiplied by. `None` when a slice is too short or sizes overflow.
    #[must_use]
    pub fn new(
        kernels: &Kernels,
        window: Window,
        weights: &[i8],
        zero: u8,
        bias: Option<&[i32]>,
        scale: &[f32],
    ) -> Option<Self> {
        let weights = weights.get(..window.elements()?)?;
        let vast = is_vast(bias, window.rows.checked_mul(window.cols)?, scale.get(..window.channels)?);
        let table = Self::table(kernels, vast);
        let entries = (table.entries)(window.channels)?;
        let packed = (table.packed)(window)?;
        let channels_at = packed.checked_next_multiple_of(crate::aligned::ALIGNMENT)?;
        let entry_bytes = if table.floats { 16 } else { 8 };
        let mut data = Aligned::new(channels_at.checked_add(entries.checked_mul(entry_bytes)?)?);
        (table.pack)(window, weights, &mut data.all_mut()[..packed]);
        let words = &mut data.all_mut::<i32>()[channels_at / 4..];
        let mut floats = table.floats;
        for entry in 0..entries {
            let channel = (table.channel)(window.channels, entry);
            if channel < window.channels {
                let (mut sum, mut bounds) = (0_i32, Bounds::default());
                for weight in weights.iter().skip(channel).step_by(window.channels) {
                    sum = sum.wrapping_add(i32::from(*weight));
                    bounds.add(*weight, zero);
                }
                let own = bias.map_or(Some(0), |bias| bias.get(channel).copied())?;
                let bias = own.wrapping_add((table.offset - i32::from(zero)).wrapping_mul(sum));
                let scale = scale[channel];
                words[entry] = bias;
                words[entries + entry] = scale.to_bits().cast_signed();
                if table.floats {
                    let (start, less) = floats::start(bias, scale);
                    words[2 * entries + entry] = start;
                    words[3 * entries + entry] = less.to_bits().cast_signed();
                    floats &= bounds.fit(own, scale);
                }
            }
        }
        Some(Self { isa: kernels.isa, window, data, channels_at, entries, vast, floats })
    }

    /// The kernels that these weights are packed for.
    fn table(kernels: &Kernels, vast: bool) -> &DepthwiseQ8Table {
        if vast { &SCALAR_TABLE.depthwise_q8 } else { &kernels.depthwise_q8 }
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.len()
    }
}

/// `y = requantize((sum over taps of x * w + bias) * scale)`, channel by channel, channels last, u8.
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseQ8 {
    /// The pixels to make.
    pub grid: Grid,
    /// Where the windows of x start.
    pub from: Place,
    /// The window; its runs are the channels.
    pub taps: Taps,
    /// Where the pixels of y start.
    pub to: Place,
    /// How sums become u8.
    pub requantize: Requantize,
}

impl DepthwiseQ8 {
    /// Name of the kernel that runs, by the grammar of docs/kernels.md.
    #[must_use]
    pub fn kernel(kernels: &Kernels) -> &'static str {
        kernels.depthwise_q8.name
    }

    /// Runs on the kernels that the weights were packed for.
    ///
    /// # Panics
    /// When a place ends past its slice, or the weights are packed for other kernels or another size: faults of a plan.
    pub fn run(&self, kernels: &Kernels, x: &[u8], w: &PackedDepthwiseQ8, y: &mut [u8]) {
        assert_eq!(w.isa, kernels.isa, "weights packed for other kernels");
        let window = Window { rows: self.taps.rows, cols: self.taps.cols, channels: self.taps.len };
        assert_eq!(window, w.window, "weights of another size");
        self.grid.check("x", &self.from, self.taps.reach(1), x.len());
        self.grid.check("y", &self.to, Some(window.channels), y.len());
        let words = &w.data.all::<i32>()[w.channels_at / 4..];
        let (bias, less) = if w.floats && floats::suit(self.requantize) {
            (words[2 * w.entries..].as_ptr(), words[3 * w.entries..].as_ptr().cast())
        } else {
            (words.as_ptr(), std::ptr::null())
        };
        let args = DepthwiseQ8Args {
            grid: self.grid,
            x: x.as_ptr(),
            from: self.from,
            taps: self.taps,
            w: w.data.all().as_ptr(),
            bias,
            scale: words[w.entries..].as_ptr().cast(),
            less,
            requantize: self.requantize,
            y: y.as_mut_ptr(),
            to: self.to,
        };
        // SAFETY: the CPU has the instruction set, or there would be no `kernels`. All that is read of x and written of y
        // was checked above to lie within its slice; weights, bias and scale were sized by `PackedDepthwiseQ8::new`.
        unsafe { (PackedDepthwiseQ8::table(kernels, w.vast).run)(&args) }
    }
}
