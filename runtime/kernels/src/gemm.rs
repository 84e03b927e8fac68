//! The f32 matrix product, which is also the convolution: its door, and how its weights are packed.

use crate::aligned::Aligned;
use crate::dispatch::Kernels;
use crate::geometry::{Clamp, Grid, Place, Taps};
use crate::isa::Isa;

/// What an instruction set brings for the f32 product.
#[derive(Debug)]
pub(crate) struct GemmF32Table {
    /// Grammar of names: docs/kernels.md.
    pub(crate) name: &'static str,
    /// Columns of a vector.
    pub(crate) vector: usize,
    /// Columns of a full panel, a multiple of `vector`; the last panel is as many vectors wide as it needs.
    pub(crate) panel: usize,
    /// The kernel.
    pub(crate) run: unsafe fn(&GemmF32Args),
}

/// One call, on pointers. Panels of `b` follow each other, each `[k][columns]`, the columns past `n` zero.
pub(crate) struct GemmF32Args {
    pub(crate) grid: Grid,
    pub(crate) a: *const f32,
    pub(crate) from: Place,
    pub(crate) taps: Taps,
    pub(crate) b: *const f32,
    pub(crate) n: usize,
    /// As many as the columns of all panels.
    pub(crate) bias: *const f32,
    /// Added before the clamp; null where there is none.
    pub(crate) residual: *const f32,
    pub(crate) residual_at: Place,
    pub(crate) c: *mut f32,
    pub(crate) to: Place,
    pub(crate) clamp: Clamp,
}

/// Rows of a panel that are packed at once, a cache line where the elements of a column are neighbours.
const PACKED_AT_ONCE: usize = 16;

/// Weights (k, n) and bias (n), in the order in which the kernels of one instruction set read them.
#[derive(Clone, Debug)]
pub struct PackedF32 {
    isa: Isa,
    k: usize,
    n: usize,
    /// Panels, then the bias.
    data: Aligned,
    bias_at: usize,
}

impl PackedF32 {
    /// Packs weights whose element (k, n) stands at `k * strides.0 + n * strides.1`; no bias is a bias of zero. `None`
    /// when an element or the bias ends past its slice, or sizes overflow.
    #[must_use]
    pub fn new(
        kernels: &Kernels,
        weights: &[f32],
        k: usize,
        n: usize,
        strides: (usize, usize),
        bias: Option<&[f32]>,
    ) -> Option<Self> {
        let columns = n.checked_next_multiple_of(kernels.gemm_f32.vector)?;
        let bias_at = k.checked_mul(columns)?;
        let mut data = Aligned::new(bias_at.checked_add(columns)?.checked_mul(size_of::<f32>())?);
        let (panels, packed_bias) = data.all_mut::<f32>().split_at_mut(bias_at);
        Matrix { elements: weights, k, n, strides, factor: 1.0 }.pack(&kernels.gemm_f32, panels)?;
        if let Some(bias) = bias {
            packed_bias[..n].copy_from_slice(bias.get(..n)?);
        }
        Some(Self { isa: kernels.isa, k, n, data, bias_at })
    }

    /// Columns: outputs of a pixel.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.n
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.len()
    }
}

/// A matrix (k, n) that a run makes, such as the keys of attention: packed anew each time.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// Element (k, n) stands at `k * strides.0 + n * strides.1`.
    pub elements: &'a [f32],
    /// Rows.
    pub k: usize,
    /// Columns.
    pub n: usize,
    /// Strides of rows and columns.
    pub strides: (usize, usize),
    /// What each element is multiplied by.
    pub factor: f32,
}

impl Matrix<'_> {
    /// Elements that packing takes; `None` when they overflow.
    #[must_use]
    pub fn scratch_elements(kernels: &Kernels, k: usize, n: usize) -> Option<usize> {
        n.checked_next_multiple_of(kernels.gemm_f32.vector)?.checked_mul(k.checked_add(1)?)
    }

    /// Fills the panels, whose padding is zero already.
    fn pack(&self, table: &GemmF32Table, panels: &mut [f32]) -> Option<()> {
        let Self { elements, k, n, strides, factor } = *self;
        check_strides(elements.len(), k, n, strides)?;
        let columns = n.checked_next_multiple_of(table.vector)?;
        for first in (0..n).step_by(table.panel) {
            let width = table.panel.min(columns - first);
            let used = width.min(n - first);
            let panel = &mut panels[first * k..][..width * k];
            for (block, lines) in panel.chunks_mut(width * PACKED_AT_ONCE).enumerate() {
                let from = block * PACKED_AT_ONCE * strides.0 + first * strides.1;
                if strides.1 == 1 {
                    for (row, line) in lines.chunks_exact_mut(width).enumerate() {
                        let from = &elements[from + row * strides.0..][..used];
                        line.iter_mut().zip(from).for_each(|(to, from)| *to = from * factor);
                    }
                } else {
                    for column in 0..used {
                        let mut from = from + column * strides.1;
                        for line in lines.chunks_exact_mut(width) {
                            line[column] = elements[from] * factor;
                            from = from.wrapping_add(strides.0);
                        }
                    }
                }
            }
        }
        Some(())
    }
}

/// Whether a matrix of these strides lies within `len` elements.
pub(crate) fn check_strides(len: usize, k: usize, n: usize, strides: (usize, usize)) -> Option<()> {
    let last = (k.checked_sub(1)?.checked_mul(strides.0)?).checked_add(n.checked_sub(1)?.checked_mul(strides.1)?)?;
    (last < len).then_some(())
}

/// `C = clamp(A * B + bias + residual)`, where each row of A is what the taps read at one pixel.
#[derive(Clone, Copy, Debug)]
pub struct GemmF32 {
    /// The pixels to make.
    pub grid: Grid,
    /// Where A's rows start.
    pub from: Place,
    /// What is read at each; as many elements as the weights have rows.
    pub taps: Taps,
    /// Where C's rows start.
    pub to: Place,
    /// Bounds of the result.
    pub clamp: Clamp,
}

impl GemmF32 {
    /// Name of the kernel that runs, by the grammar of docs/kernels.md.
    #[must_use]
    pub fn kernel(kernels: &Kernels) -> &'static str {
        kernels.gemm_f32.name
    }

    /// Runs on the kernels that the weights were packed for.
    ///
    /// # Panics
    /// When a place ends past its slice, or the weights are packed for other kernels or another size: faults of a plan.
    pub fn run(&self, kernels: &Kernels, a: &[f32], b: &PackedF32, residual: Option<(&[f32], Place)>, c: &mut [f32]) {
        assert_eq!(b.isa, kernels.isa, "weights packed for other kernels");
        let data = b.data.all::<f32>();
        self.run_packed(kernels, a, (b.k, b.n), &data[..b.bias_at], &data[b.bias_at..], residual, c);
    }

    /// Runs with a matrix that the run made, packed into `scratch`, without bias.
    ///
    /// # Panics
    /// As [`GemmF32::run`], and when the scratch is shorter than [`Matrix::scratch_elements`].
    pub fn run_matrix(&self, kernels: &Kernels, a: &[f32], b: &Matrix<'_>, scratch: &mut [f32], c: &mut [f32]) {
        let columns = b.n.next_multiple_of(kernels.gemm_f32.vector);
        scratch[..columns * (b.k + 1)].fill(0.0);
        let (panels, bias) = scratch[..columns * (b.k + 1)].split_at_mut(columns * b.k);
        assert!(b.pack(&kernels.gemm_f32, panels).is_some(), "the matrix ends past its slice");
        self.run_packed(kernels, a, (b.k, b.n), panels, bias, None, c);
    }

    #[inline(always)]
    #[allow(clippy::too_many_arguments, reason = "what both doors hand on")]
    fn run_packed(
        &self,
        kernels: &Kernels,
        a: &[f32],
        (k, n): (usize, usize),
        panels: &[f32],
        bias: &[f32],
        residual: Option<(&[f32], Place)>,
        c: &mut [f32],
    ) {
        assert_eq!(self.taps.elements(), Some(k), "taps read another count than the weights have rows");
        self.grid.check("A", &self.from, self.taps.reach(1), a.len());
        self.grid.check("C", &self.to, Some(n), c.len());
        if let Some((residual, at)) = &residual {
            self.grid.check("residual", at, Some(n), residual.len());
        }
        let args = GemmF32Args {
            grid: self.grid,
            a: a.as_ptr(),
            from: self.from,
            taps: self.taps,
            b: panels.as_ptr(),
            n,
            bias: bias.as_ptr(),
            residual: residual.map_or(std::ptr::null(), |(r, _)| r.as_ptr()),
            residual_at: residual.map_or_else(Place::default, |(_, at)| at),
            c: c.as_mut_ptr(),
            to: self.to,
            clamp: self.clamp,
        };
        // SAFETY: the CPU has the instruction set, or there would be no `kernels`. All that is read of A and the residual
        // and written of C was checked above to lie within its slice; panels and bias hold every column, padded to whole vectors.
        unsafe { (kernels.gemm_f32.run)(&args) }
    }
}
