//! Weights in blocks as panels hold them: the same bits, those of a few columns side by side, so that a vector reads the
//! same elements of all of them.

use super::activations::UNIT;
use super::formats::Format;
use crate::aligned::{ALIGNMENT, Aligned};

/// Elements of k that stand together for each column.
pub(super) const GROUP: usize = 4;
/// Groups of a unit.
pub(super) const GROUPS: usize = UNIT / GROUP;

/// Weights (n, k) in blocks.
pub(super) struct Rows<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) k: usize,
    pub(super) n: usize,
}

/// Where the parts of a panel lie: the quants of all its units, the numbers of all of them, the factors of all blocks.
///
/// - Quants of a unit: vectors of groups, one column's after the other's. A vector of `LOW_BITS` holds `8 / LOW_BITS` groups,
///   the first in the lowest bits of each byte; then those of `UPPER_BITS`.
/// - Numbers of a unit, a byte for each column, where blocks have several units: scales of the unit (or of its first half,
///   then of the second one), then minima.
/// - Factors of a block, f16: for each column that of the scales, then that of the minima.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Columns.
    columns: usize,
    /// Bytes of a vector of quants: one group of each column.
    pub(super) vector: usize,
    /// Vectors of quants' lower bits in a unit.
    pub(super) low: usize,
    /// Bytes of the quants of a unit.
    pub(super) quants: usize,
    /// Bytes of the numbers of a unit.
    pub(super) numbers: usize,
    /// Bytes of the factors of a block.
    pub(super) factors: usize,
}

impl Layout {
    pub(super) const fn of<F: Format>(columns: usize) -> Self {
        let vector = columns * GROUP;
        let (low, upper) = (F::LOW_BITS * GROUPS / 8, F::UPPER_BITS * GROUPS / 8);
        let kinds = if F::MINIMA { 2 } else { 1 };
        let parts = if F::HALVES { 2 } else { 1 };
        let numbers = if F::UNITS == 1 { 0 } else { columns * kinds * parts };
        Self {
            columns,
            vector,
            low,
            quants: (low + upper) * vector,
            numbers,
            factors: columns * kinds * size_of::<u16>(),
        }
    }

    /// Where the numbers of a panel of so many blocks start, where its factors do, and its bytes.
    pub(super) const fn offsets<F: Format>(&self, blocks: usize) -> [usize; 3] {
        let units = blocks.wrapping_mul(F::UNITS);
        let numbers = units.wrapping_mul(self.quants);
        let factors = numbers.wrapping_add(units.wrapping_mul(self.numbers));
        let end = factors.wrapping_add(blocks.wrapping_mul(self.factors));
        [numbers, factors, end.wrapping_add(ALIGNMENT - 1) & !(ALIGNMENT - 1)]
    }
}

/// Packs rows into panels of so many columns; those past the last one stay zero. `flip` is added to each quant's bits.
/// `None` where the panels do not fit into memory.
pub(super) fn pack<F: Format>(rows: &Rows<'_>, columns: usize, flip: u8) -> Option<Aligned> {
    let layout = Layout::of::<F>(columns);
    let blocks = rows.k / (UNIT * F::UNITS);
    let row_bytes = blocks * F::BYTES;
    // No element takes more than a byte and two f16.
    rows.k.checked_mul(columns)?.checked_mul(2)?.checked_add(ALIGNMENT)?;
    let [numbers_at, factors_at, panel_bytes] = layout.offsets::<F>(blocks);
    let mut packed = Aligned::new(panel_bytes.checked_mul(rows.n.div_ceil(columns))?);
    if row_bytes == 0 {
        return Some(packed);
    }
    for (row, bytes) in rows.bytes.chunks_exact(row_bytes).enumerate() {
        let panel = &mut packed.all_mut::<u8>()[row / columns * panel_bytes..][..panel_bytes];
        let (quants, rest) = panel.split_at_mut(numbers_at);
        let (numbers, factors) = rest.split_at_mut(factors_at - numbers_at);
        for (i, block) in bytes.chunks_exact(F::BYTES).enumerate() {
            let place = Place { layout, column: row % columns, flip };
            place.factors::<F>(block, &mut factors[i * layout.factors..][..layout.factors]);
            for unit in 0..F::UNITS {
                let at = i * F::UNITS + unit;
                place.quants::<F>(block, unit, &mut quants[at * layout.quants..][..layout.quants]);
            }
            if F::UNITS > 1 {
                place.numbers::<F>(block, &mut numbers[i * F::UNITS * layout.numbers..][..F::UNITS * layout.numbers]);
            }
        }
    }
    Some(packed)
}

/// A column of a panel, which blocks are written to.
#[derive(Clone, Copy)]
struct Place {
    layout: Layout,
    column: usize,
    flip: u8,
}

impl Place {
    fn factors<F: Format>(self, block: &[u8], to: &mut [u8]) {
        // SAFETY: `pack` passes whole blocks.
        let factors = unsafe { F::factors(block.as_ptr()) };
        let count = if F::MINIMA { 2 } else { 1 };
        for (i, factor) in factors.into_iter().enumerate().take(count) {
            to[(i * self.layout.columns + self.column) * 2..][..2].copy_from_slice(&factor.to_le_bytes());
        }
    }

    fn numbers<F: Format>(self, block: &[u8], to: &mut [u8]) {
        // SAFETY: `pack` passes whole blocks.
        let numbers = unsafe { F::numbers(block.as_ptr()) };
        let parts = if F::HALVES { 2 } else { 1 };
        let kinds = if F::MINIMA { [Some(numbers.scales), Some(numbers.minima)] } else { [Some(numbers.scales), None] };
        for (kind, halves) in kinds.into_iter().flatten().enumerate() {
            for (part, of_units) in halves.into_iter().enumerate().take(parts) {
                for (unit, number) in of_units.into_iter().enumerate().take(F::UNITS) {
                    to[unit * self.layout.numbers + (kind * parts + part) * self.layout.columns + self.column] = number;
                }
            }
        }
    }

    fn quants<F: Format>(self, block: &[u8], unit: usize, to: &mut [u8]) {
        // SAFETY: `pack` passes whole blocks, and units that they have.
        let quants = unsafe { F::quants(block.as_ptr(), unit) };
        let (low, upper) = to.split_at_mut(self.layout.low * self.layout.vector);
        for (group, quants) in quants.as_chunks::<GROUP>().0.iter().enumerate() {
            let quants = u32::from_le_bytes(quants.map(|quant| quant ^ self.flip));
            self.add(low, group, F::LOW_BITS, quants);
            if F::UPPER_BITS > 0 {
                self.add(upper, group, F::UPPER_BITS, quants >> F::LOW_BITS);
            }
        }
    }

    /// Puts the lowest bits of each byte of a group where they belong.
    fn add(self, vectors: &mut [u8], group: usize, bits: usize, quants: u32) {
        let mask = u32::from(u8::MAX >> (8 - bits)) * 0x0101_0101;
        let before = group * bits;
        let at = before / 8 * self.layout.vector + self.column * GROUP;
        let bits = (quants & mask) << (before % 8);
        for (byte, bits) in vectors[at..][..GROUP].iter_mut().zip(bits.to_le_bytes()) {
            *byte |= bits;
        }
    }
}
