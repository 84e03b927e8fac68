//! The int8 matrix product, which is also the convolution: its doors, and how its weights are packed.

use super::floats::{self, Bounds};
use super::{Requantize, is_vast};
use crate::aligned::Aligned;
use crate::dispatch::{Kernels, SCALAR_TABLE};
use crate::gemm::check_strides;
use crate::geometry::{Clamp, Grid, Place, Taps};
use crate::isa::Isa;

/// What an instruction set brings for the int8 product.
#[derive(Debug)]
pub(crate) struct GemmQ8Table {
    /// Grammar of names: docs/kernels.md.
    pub(crate) name: &'static str,
    /// Columns of a vector.
    pub(crate) vector: usize,
    /// Columns of a full panel, a multiple of `vector`; the last panel is as many vectors wide as it needs.
    pub(crate) panel: usize,
    /// Elements of k that stand together for each column; runs are padded to a multiple with zero weights.
    pub(crate) group: usize,
    /// A product of at most so many columns has groups twice as long, a vector of them half as many columns.
    pub(crate) slim: usize,
    /// What the kernel takes from each activation before it multiplies: 0, or 128 where it needs signed ones.
    pub(crate) offset: i32,
    /// Whether the kernel that makes u8 can take sums as floats; `offset` is then 0.
    pub(crate) floats: bool,
    /// The kernel that makes u8.
    pub(crate) to_q8: unsafe fn(&GemmQ8Args),
    /// The kernel that makes f32.
    pub(crate) to_f32: unsafe fn(&GemmQ8ToF32Args),
}

/// What both kernels read, on pointers. A panel of `b` is `[run][group of k][column][k within the group]`; columns past
/// `n` and elements past a run are zero. Up to `group - 1` bytes past a run of A are read, and do not count.
pub(crate) struct ProductArgs {
    pub(crate) grid: Grid,
    pub(crate) a: *const u8,
    pub(crate) from: Place,
    pub(crate) taps: Taps,
    pub(crate) b: *const i8,
    pub(crate) n: usize,
    /// i32 for each packed column, from which sums start; holds the correction for A's zero point.
    pub(crate) bias: *const i32,
    /// f32 for each packed column.
    pub(crate) scale: *const f32,
    /// Where sums are floats as they stand: f32 for each packed column, added after the scale. Else null.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "kernels of x86-64 take sums as floats"))]
    pub(crate) less: *const f32,
}

/// One call that makes u8.
pub(crate) struct GemmQ8Args {
    pub(crate) product: ProductArgs,
    pub(crate) requantize: Requantize,
    pub(crate) residual: Option<ResidualArgs>,
    pub(crate) c: *mut u8,
    pub(crate) to: Place,
}

/// What is added to the product: see [`Residual`].
#[derive(Clone, Copy)]
pub(crate) struct ResidualArgs {
    pub(crate) r: *const u8,
    pub(crate) at: Place,
    pub(crate) product: Requantize,
    pub(crate) product_scale: f32,
    pub(crate) zero: i32,
    pub(crate) scale: f32,
}

/// One call that makes f32.
pub(crate) struct GemmQ8ToF32Args {
    pub(crate) product: ProductArgs,
    /// One for each pixel of the grid, in order; null for a factor of 1.
    pub(crate) row_scale: *const f32,
    /// f32 for each packed column.
    pub(crate) bias: *const f32,
    pub(crate) clamp: Clamp,
    pub(crate) c: *mut f32,
    pub(crate) to: Place,
}

/// Weights (k, n) with what scales and shifts each column, in the order in which one instruction set reads them.
#[derive(Clone, Debug)]
pub struct PackedQ8 {
    isa: Isa,
    runs: usize,
    len: usize,
    n: usize,
    /// Elements of k that stand together for each column.
    group: usize,
    /// Panels, then bias, scale and f32 bias; then, for kernels that take sums as floats, what these start from and `less`.
    data: Aligned,
    columns_at: usize,
    columns: usize,
    /// Whether scaled sums may be past what an i32 holds: such are left to the scalar kernels, which hold every float.
    vast: bool,
    /// Whether all sums are floats as they stand, for kernels that take them so.
    floats: bool,
}

/// What the weights of a product are packed from.
#[derive(Clone, Copy, Debug)]
pub struct SourceQ8<'a> {
    /// Element (k, n) stands at `k * strides.0 + n * strides.1`.
    pub weights: &'a [i8],
    /// Strides of k and n.
    pub strides: (usize, usize),
    /// Runs that the taps read, and the elements of each; k is their product.
    pub runs: (usize, usize),
    /// Columns.
    pub n: usize,
    /// The zero point of A.
    pub zero: u8,
    /// Added to each column's sum.
    pub bias: Option<&'a [i32]>,
    /// What each column's sum is multiplied by.
    pub scale: &'a [f32],
    /// Added to each column after the scale, where the result is f32.
    pub bias_f32: Option<&'a [f32]>,
}

impl PackedQ8 {
    /// Packs weights; `None` when a slice is too short or sizes overflow.
    #[must_use]
    pub fn new(kernels: &Kernels, source: &SourceQ8<'_>) -> Option<Self> {
        let (runs, len) = source.runs;
        let n = source.n;
        let vast = is_vast(source.bias, runs.checked_mul(len)?, source.scale.get(..n)?);
        let table = Self::table(kernels, vast);
        check_strides(source.weights.len(), runs.checked_mul(len)?, n, source.strides)?;
        let columns = n.checked_next_multiple_of(table.vector)?;
        let k = runs.checked_mul(len.checked_next_multiple_of(table.group)?)?;
        let columns_at = k.checked_mul(columns)?.checked_next_multiple_of(crate::aligned::ALIGNMENT)?;
        let column_bytes = if table.floats { 20 } else { 12 };
        let data = Aligned::new(columns_at.checked_add(columns.checked_mul(column_bytes)?)?);
        let group = if n <= table.slim { 2 * table.group } else { table.group };
        let (isa, floats) = (kernels.isa, table.floats);
        let mut packed = Self { isa, runs, len, n, group, data, columns_at, columns, vast, floats };
        let sums = packed.pack_panels(table, source);
        packed.pack_columns(table, source, &sums)?;
        Some(packed)
    }

    /// Fills the panels and gives the sum of each column's weights, and the bounds of its sums.
    fn pack_panels(&mut self, table: &GemmQ8Table, source: &SourceQ8<'_>) -> Vec<(i32, Bounds)> {
        let mut sums = vec![(0_i32, Bounds::default()); self.n];
        let group = self.group;
        let groups = self.len.div_ceil(group);
        // Bytes of a column; where there are two groups in a vector, it takes as much of them as two columns would.
        let k = self.runs * groups * table.group;
        let panels = &mut self.data.all_mut::<i8>()[..self.columns_at];
        for first in (0..self.n).step_by(table.panel) {
            let width = table.panel.min(self.columns - first);
            let panel = &mut panels[first * k..][..width * k];
            for (line, values) in panel.chunks_exact_mut(width * table.group).enumerate() {
                let (run, within) = (line / groups, line % groups * group);
                for (i, value) in values.iter_mut().enumerate() {
                    let (column, element) = (first + i / group, within + i % group);
                    if column < self.n && element < self.len {
                        let at = (run * self.len + element) * source.strides.0 + column * source.strides.1;
                        *value = source.weights[at];
                        let (sum, bounds) = &mut sums[column];
                        *sum = sum.wrapping_add(i32::from(*value));
                        bounds.add(*value, source.zero);
                    }
                }
            }
        }
        sums
    }

    fn pack_columns(&mut self, table: &GemmQ8Table, source: &SourceQ8<'_>, sums: &[(i32, Bounds)]) -> Option<()> {
        let (columns, at) = (self.columns, self.columns_at);
        let words = &mut self.data.all_mut::<i32>()[at / 4..];
        let correction = table.offset - i32::from(source.zero);
        for (i, (sum, bounds)) in sums.iter().enumerate() {
            let own = source.bias.map_or(Some(0), |bias| bias.get(i).copied())?;
            let (bias, scale) = (own.wrapping_add(correction.wrapping_mul(*sum)), *source.scale.get(i)?);
            words[i] = bias;
            words[columns + i] = scale.to_bits().cast_signed();
            if let Some(bias) = source.bias_f32 {
                words[2 * columns + i] = bias.get(i)?.to_bits().cast_signed();
            }
            if table.floats {
                let (start, less) = floats::start(bias, scale);
                words[3 * columns + i] = start;
                words[4 * columns + i] = less.to_bits().cast_signed();
                self.floats &= bounds.fit(own, scale);
            }
        }
        Some(())
    }

    /// The kernels that these weights are packed for.
    fn table(kernels: &Kernels, vast: bool) -> &GemmQ8Table {
        if vast { &SCALAR_TABLE.gemm_q8 } else { &kernels.gemm_q8 }
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Checks a call against these weights and points it at them. Inlined, so that the arguments are written once.
    #[inline(always)]
    fn args(&self, kernels: &Kernels, grid: Grid, a: &[u8], from: Place, taps: Taps, floats: bool) -> ProductArgs {
        assert_eq!(self.isa, kernels.isa, "weights packed for other kernels");
        assert_eq!((taps.rows * taps.cols, taps.len), (self.runs, self.len), "taps read otherwise than packed");
        grid.check("A", &from, taps.reach(self.group), a.len());
        let words = &self.data.all::<i32>()[self.columns_at / 4..];
        let scale = words[self.columns..].as_ptr().cast();
        let (bias, less) = if floats {
            (words[3 * self.columns..].as_ptr(), words[4 * self.columns..].as_ptr().cast())
        } else {
            (words.as_ptr(), std::ptr::null())
        };
        ProductArgs { grid, a: a.as_ptr(), from, taps, b: self.data.all::<i8>().as_ptr(), n: self.n, bias, scale, less }
    }

    fn bias_f32(&self) -> *const f32 {
        self.data.all::<f32>()[self.columns_at / 4 + 2 * self.columns..].as_ptr()
    }
}

/// What is added to a product before it becomes u8: another activation, each with its own scale.
///
/// The product is rounded to its own u8 first, as the model says: `q = product.apply(sum * scale)`, then the result is
/// `requantize.apply((q - product.zero) * product_scale + (r - zero) * scale)`, both scales in units of the result's.
#[derive(Clone, Copy, Debug)]
pub struct Residual<'a> {
    /// The other activation.
    pub values: &'a [u8],
    /// Where its pixels start.
    pub at: Place,
    /// How the product alone becomes u8.
    pub product: Requantize,
    /// The product's scale over the result's.
    pub product_scale: f32,
    /// The other's zero point.
    pub zero: u8,
    /// The other's scale over the result's.
    pub scale: f32,
}

/// `C = requantize((A * B + bias) * scale)`, u8.
#[derive(Clone, Copy, Debug)]
pub struct GemmQ8 {
    /// The pixels to make.
    pub grid: Grid,
    /// Where A's rows start.
    pub from: Place,
    /// What is read at each.
    pub taps: Taps,
    /// Where C's rows start.
    pub to: Place,
    /// How sums become u8.
    pub requantize: Requantize,
}

impl GemmQ8 {
    /// Name of the kernel that runs, by the grammar of docs/kernels.md.
    #[must_use]
    pub fn kernel(kernels: &Kernels) -> &'static str {
        kernels.gemm_q8.name
    }

    /// Runs on the kernels that the weights were packed for. `a` must reach a few bytes past its last run (7 at most).
    ///
    /// # Panics
    /// When a place ends past its slice, or the weights are packed for other kernels or another size: faults of a plan.
    pub fn run(&self, kernels: &Kernels, a: &[u8], b: &PackedQ8, residual: Option<Residual<'_>>, c: &mut [u8]) {
        let floats = b.floats && residual.is_none() && floats::suit(self.requantize);
        let product = b.args(kernels, self.grid, a, self.from, self.taps, floats);
        self.grid.check("C", &self.to, Some(b.n), c.len());
        let residual = residual.map(|residual| {
            self.grid.check("residual", &residual.at, Some(b.n), residual.values.len());
            let (r, at, product) = (residual.values.as_ptr(), residual.at, residual.product);
            let (zero, scale, product_scale) = (i32::from(residual.zero), residual.scale, residual.product_scale);
            ResidualArgs { r, at, product, product_scale, zero, scale }
        });
        let args = GemmQ8Args { product, requantize: self.requantize, residual, c: c.as_mut_ptr(), to: self.to };
        // SAFETY: the CPU has the instruction set, or there would be no `kernels`. All that is read of A and the residual
        // and written of C was checked above to lie within its slice; packed weights are as long as their panels.
        unsafe { (PackedQ8::table(kernels, b.vast).to_q8)(&args) }
    }
}

/// `C = clamp((A * B + bias) * scale * row_scale + bias_f32)`, f32.
#[derive(Clone, Copy, Debug)]
pub struct GemmQ8ToF32 {
    /// The pixels to make.
    pub grid: Grid,
    /// Where A's rows start.
    pub from: Place,
    /// What is read at each.
    pub taps: Taps,
    /// Where C's rows start.
    pub to: Place,
    /// Bounds of the result.
    pub clamp: Clamp,
}

impl GemmQ8ToF32 {
    /// Name of the kernel that runs, by the grammar of docs/kernels.md.
    #[must_use]
    pub fn kernel(kernels: &Kernels) -> &'static str {
        kernels.gemm_q8.name
    }

    /// Runs on the kernels that the weights were packed for. `a` must reach a few bytes past its last run (7 at most);
    /// `row_scale` has one factor for each pixel, where activations were quantised row by row.
    ///
    /// # Panics
    /// When a place ends past its slice, or the weights are packed for other kernels or another size: faults of a plan.
    pub fn run(&self, kernels: &Kernels, a: &[u8], b: &PackedQ8, row_scale: Option<&[f32]>, c: &mut [f32]) {
        let product = b.args(kernels, self.grid, a, self.from, self.taps, false);
        self.grid.check("C", &self.to, Some(b.n), c.len());
        assert!(row_scale.is_none_or(|s| Some(s.len()) >= self.grid.count()), "fewer row scales than pixels");
        let row_scale = row_scale.map_or(std::ptr::null(), <[f32]>::as_ptr);
        let (bias, clamp) = (b.bias_f32(), self.clamp);
        let args = GemmQ8ToF32Args { product, row_scale, bias, clamp, c: c.as_mut_ptr(), to: self.to };
        // SAFETY: as in `GemmQ8::run`; row scales were counted above.
        unsafe { (PackedQ8::table(kernels, b.vast).to_f32)(&args) }
    }
}
