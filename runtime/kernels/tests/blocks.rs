//! Products with ggml's blocks, in every instruction set of this CPU, against blocks dequantised by ggml's definition
//! and multiplied in f64.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod guarded;

use dunlin_kernels::{BlockMatrix, BlockType, BlocksGemm, Clamp, Isa, Kernels};
use guarded::Guarded;
use proptest::prelude::*;

/// What stands where no result belongs.
const UNTOUCHED: f32 = -7777.0;

fn kernels() -> impl Iterator<Item = &'static Kernels> {
    Isa::available().map(|isa| Kernels::of(isa).unwrap())
}

/// Numbers that look random, the same for the same seed (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// So many from -1 up to 1.
    fn reals(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
    }
}

/// A f16 by its definition.
fn half(bytes: &[u8]) -> f64 {
    let bits = u16::from_le_bytes([bytes[0], bytes[1]]);
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    let magnitude =
        if exponent == 0 { fraction * 2_f64.powi(-14) } else { (1.0 + fraction) * 2_f64.powi(exponent - 15) };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// Where the f16 numbers of a block stand.
fn halves(block_type: BlockType) -> &'static [usize] {
    match block_type {
        BlockType::Q4_0 | BlockType::Q5_0 | BlockType::Q8_0 => &[0],
        BlockType::Q4_1 | BlockType::Q5_1 | BlockType::Q4K | BlockType::Q5K => &[0, 2],
        BlockType::Q2K => &[80, 82],
        BlockType::Q3K => &[108],
        BlockType::Q6K => &[208],
    }
}

/// An element of a block: its value, and the sum of magnitudes that it comes from.
fn element(block_type: BlockType, block: &[u8], i: usize) -> (f64, f64) {
    let factor = |number: usize| half(&block[halves(block_type)[number]..]);
    let bit = |at: usize, bit: usize| u32::from(block[at] >> bit & 1);
    let nibble = |at: usize, high: bool| u32::from(if high { block[at] >> 4 } else { block[at] & 15 });
    // Blocks of 32 hold elements i and i + 16 in one byte; those of 256 hold i and i + 32 of each 64.
    let small = |at: usize| nibble(at + i % 16, i >= 16);
    let large = |at: usize| nibble(at + i / 64 * 32 + i % 32, i % 64 >= 32);
    let fifth = |at: usize| bit(at + i / 8, i % 8) * 16;
    let pair = |at: usize| u32::from(block[at + i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3);
    let plus = |scale: f64, quant: u32, minimum: f64| {
        (scale * f64::from(quant) + minimum, (scale * f64::from(quant)).abs() + minimum.abs())
    };
    let less = |scale: f64, quant: u32, offset: u32| plus(scale, quant, -scale * f64::from(offset));
    match block_type {
        BlockType::Q4_0 => less(factor(0), small(2), 8),
        BlockType::Q4_1 => plus(factor(0), small(4), factor(1)),
        BlockType::Q5_0 => less(factor(0), small(6) + fifth(2), 16),
        BlockType::Q5_1 => plus(factor(0), small(8) + fifth(4), factor(1)),
        BlockType::Q8_0 => {
            let value = factor(0) * f64::from(block[2 + i].cast_signed());
            (value, value.abs() + 128.0 * factor(0).abs())
        }
        BlockType::Q2K => {
            let both = block[i / 16];
            plus(factor(0) * f64::from(both & 15), pair(16), -factor(1) * f64::from(both >> 4))
        }
        BlockType::Q3K => {
            let group = i / 16;
            let low = nibble(96 + group % 8, group >= 8);
            let high = u32::from(block[104 + group % 4] >> (group / 4 * 2) & 3);
            let scale = factor(0) * (f64::from(low + 16 * high) - 32.0);
            less(scale, pair(32) + 4 * bit(i % 32, i / 32), 4)
        }
        BlockType::Q4K | BlockType::Q5K => {
            let (unit, packed) = (i / 32, &block[4..16]);
            let (scale, minimum) = if unit < 4 {
                (packed[unit] & 63, packed[unit + 4] & 63)
            } else {
                let (top, other) = (packed[unit - 4] >> 6, packed[unit] >> 6);
                ((packed[unit + 4] & 15) + 16 * top, (packed[unit + 4] >> 4) + 16 * other)
            };
            let quant = if block_type == BlockType::Q4K { large(16) } else { large(48) + 16 * bit(16 + i % 32, unit) };
            plus(factor(0) * f64::from(scale), quant, -factor(1) * f64::from(minimum))
        }
        BlockType::Q6K => {
            let (part, turn, lane) = (i / 128, i % 128 / 32, i % 32);
            let low = nibble(part * 64 + turn % 2 * 32 + lane, turn >= 2);
            let high = u32::from(block[128 + part * 32 + lane] >> (2 * turn) & 3);
            less(factor(0) * f64::from(block[192 + i / 16].cast_signed()), low + 16 * high, 32)
        }
    }
}

/// A product to make, its operands, and how the weights lie.
#[derive(Debug)]
struct Case {
    gemm: BlocksGemm,
    block_type: BlockType,
    x: Vec<f32>,
    weights: Vec<u8>,
    bias: Option<Vec<f32>>,
    clamp: Clamp,
}

impl Case {
    fn new(block_type: BlockType, (m, blocks, n): (usize, usize, usize), seed: u64) -> Self {
        let mut numbers = Numbers(seed);
        let (elements, bytes) = (block_type.block_elements(), block_type.block_bytes());
        let mut weights: Vec<u8> = (0..n * blocks * bytes).map(|_| numbers.next() as u8).collect();
        for block in weights.chunks_exact_mut(bytes) {
            for &at in halves(block_type) {
                // Finite, from subnormal to 2.
                let bits = (numbers.next() as u16 & 0x83ff) | ((numbers.next() % 16) as u16) << 10;
                block[at..at + 2].copy_from_slice(&bits.to_le_bytes());
            }
        }
        let x = numbers.reals(m * blocks * elements);
        let bias = (!seed.is_multiple_of(3)).then(|| numbers.reals(n));
        let clamp = [Clamp::NONE, Clamp::RELU, Clamp { min: -2.0, max: 6.0 }][seed as usize % 5 % 3];
        Self { gemm: BlocksGemm { m, k: blocks * elements, n }, block_type, x, weights, bias, clamp }
    }

    /// Runs on guarded memory whose weights lie at any alignment; everything ends where nothing may be touched.
    fn run(&self, kernels: &Kernels) -> Vec<f32> {
        let BlocksGemm { m, k, n } = self.gemm;
        let (x, weights) = (Guarded::new(&self.x), Guarded::new(&self.weights));
        let weights = BlockMatrix::new(kernels, self.block_type, k, n, &weights[..]).unwrap();
        let mut scratch = Guarded::new(&vec![255_u8; BlocksGemm::scratch_bytes(m, k).unwrap()]);
        let mut y = Guarded::new(&vec![UNTOUCHED; m * n]);
        let bias = self.bias.as_deref();
        self.gemm.run(kernels, &x, &weights, bias, self.clamp, &mut scratch, &mut y);
        y.to_vec()
    }

    /// For each result: what it is with `x` as it stands, the sum of magnitudes, and the most that 8 bits can change.
    fn expected(&self) -> Vec<[f64; 3]> {
        let BlocksGemm { m, k, n } = self.gemm;
        let (elements, bytes) = (self.block_type.block_elements(), self.block_type.block_bytes());
        let row = |column: usize| (0..k).map(move |i| (column * (k / elements) + i / elements, i % elements));
        let at = |(block, i): (usize, usize)| element(self.block_type, &self.weights[block * bytes..][..bytes], i);
        let rows: Vec<Vec<(f64, f64)>> = (0..n).map(|column| row(column).map(at).collect()).collect();
        let mut expected = Vec::new();
        for x in (0..m).map(|row| &self.x[row * k..][..k]) {
            for (column, w) in rows.iter().enumerate() {
                let bias = self.bias.as_ref().map_or(0.0, |bias| f64::from(bias[column]));
                let [mut sum, mut magnitude, mut rounding] = [bias, bias.abs(), 0.0];
                for (x, w) in x.chunks(32).zip(w.chunks(32)) {
                    let largest = x.iter().fold(0.0_f64, |most, &x| most.max(f64::from(x).abs()));
                    for (&x, &(value, parts)) in x.iter().zip(w) {
                        sum += f64::from(x) * value;
                        magnitude += f64::from(x).abs() * parts;
                        rounding += largest / 254.0 * value.abs();
                    }
                }
                expected.push([sum, magnitude, rounding]);
            }
        }
        expected
    }

    /// Every instruction set against what is expected; `exact` where 8 bits hold the activations.
    fn check(&self, exact: bool) -> Result<(), TestCaseError> {
        let expected = self.expected();
        let hold = |sum: f64| sum.max(f64::from(self.clamp.min)).min(f64::from(self.clamp.max));
        let scalar = self.run(Kernels::of(Isa::Scalar).unwrap());
        for kernels in kernels() {
            let results = self.run(kernels);
            prop_assert_eq!(results.len(), expected.len());
            for (i, (&got, [sum, magnitude, rounding])) in results.iter().zip(&expected).enumerate() {
                let name = format!("{} {:?} {i}", BlocksGemm::kernel(kernels), self.block_type);
                let bound = 1e-6 * magnitude + if exact { 0.0 } else { 1.0001 * rounding };
                let error = (f64::from(got) - hold(*sum)).abs();
                prop_assert!(error <= bound, "{name}: {got} for {} within {bound}", hold(*sum));
                let apart = f64::from((got - scalar[i]).abs());
                prop_assert!(apart <= 1e-6 * magnitude, "{name}: {got}, {} in scalar code", scalar[i]);
            }
        }
        Ok(())
    }
}

fn block_types() -> impl Strategy<Value = BlockType> {
    prop::sample::select(&BlockType::ALL[..])
}

/// Rows, blocks of a row and columns.
fn sizes(block_type: BlockType) -> impl Strategy<Value = (usize, usize, usize)> {
    let blocks = if block_type.block_elements() == 32 { 1..9_usize } else { 1..3 };
    (1..20_usize, blocks, 1..40_usize)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_product_is_that_of_the_dequantised_weights_but_for_activations_in_8_bits(
        (block_type, sizes) in block_types().prop_flat_map(|block_type| (Just(block_type), sizes(block_type))),
        seed: u64,
    ) {
        Case::new(block_type, sizes, seed).check(false)?;
    }

    #[test]
    fn activations_that_8_bits_hold_are_multiplied_exactly(
        (block_type, sizes) in block_types().prop_flat_map(|block_type| (Just(block_type), sizes(block_type))),
        seed: u64,
    ) {
        let mut case = Case::new(block_type, sizes, seed);
        let mut numbers = Numbers(seed);
        for unit in case.x.chunks_mut(32) {
            let scale = 2_f32.powi((numbers.next() % 20) as i32 - 10);
            unit.fill_with(|| ((numbers.next() % 255) as f32 - 127.0) * scale);
            let largest = (numbers.next() % 32) as usize;
            unit[largest] = if numbers.next().is_multiple_of(2) { 127.0 } else { -127.0 } * scale;
        }
        case.check(true)?;
    }

    #[test]
    fn a_row_with_a_number_that_is_not_finite_gives_nan_and_no_other_row_does(
        (block_type, (m, blocks, n)) in block_types().prop_flat_map(|block_type| (Just(block_type), sizes(block_type))),
        at: prop::sample::Index,
        bad in prop::sample::select(&[f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY][..]),
        seed: u64,
    ) {
        let mut case = Case::new(block_type, (m, blocks, n), seed);
        let at = at.index(case.x.len());
        case.x[at] = bad;
        for kernels in kernels() {
            for (i, y) in case.run(kernels).into_iter().enumerate() {
                prop_assert_eq!(y.is_nan(), i / n == at / case.gemm.k, "{}: element {}", BlocksGemm::kernel(kernels), i);
            }
        }
    }
}

#[test]
fn the_extremes_of_quants_and_activations_do_not_overflow() {
    for block_type in BlockType::ALL {
        for byte in [0x00, 0x7f, 0x80, 0x81, 0xff] {
            for x in [1.0, -1.0] {
                for m in [1, 2, 4, 9] {
                    let mut case = Case::new(block_type, (m, 3, 17), 0);
                    for block in case.weights.chunks_exact_mut(block_type.block_bytes()) {
                        block.fill(byte);
                        halves(block_type).iter().for_each(|&at| block[at..at + 2].copy_from_slice(&[0x00, 0x3c]));
                    }
                    case.x.fill(x);
                    case.check(true).unwrap();
                }
            }
        }
    }
}

#[test]
fn numbers_too_small_or_large_for_their_inverse_stay_finite() {
    for x in [0.0, 1e-45, 1e-38, 1.4e-36, 1e30] {
        for m in [1, 5] {
            let mut case = Case::new(BlockType::Q8_0, (m, 2, 3), 0);
            case.x.fill(x);
            for kernels in kernels() {
                for (y, [sum, magnitude, _]) in case.run(kernels).into_iter().zip(case.expected()) {
                    let error = (f64::from(y) - sum).abs();
                    assert!(error <= 1e-6 * magnitude + 1e-32, "{}: {y} for {sum}", BlocksGemm::kernel(kernels));
                }
            }
        }
    }
}

#[test]
fn no_rows_no_columns_and_no_elements_are_no_fault() {
    for kernels in kernels() {
        for (m, blocks, n) in [(0, 1, 1), (1, 1, 0), (1, 0, 1), (8, 0, 17), (8, 1, 0)] {
            let mut case = Case::new(BlockType::Q4K, (m, blocks, n), 1);
            case.clamp = Clamp::NONE;
            let bias = case.bias.clone().unwrap();
            let results = case.run(kernels);
            assert_eq!(results.len(), m * n);
            assert!(blocks > 0 || results.chunks(n).all(|row| row == bias));
        }
    }
}

#[test]
fn wrong_lengths_are_refused_at_the_door() {
    let attempt = |change: fn(&mut Case)| {
        let mut case = Case::new(BlockType::Q8_0, (2, 2, 3), 1);
        change(&mut case);
        std::panic::catch_unwind(move || case.run(Kernels::of(Isa::best()).unwrap())).is_err()
    };
    assert!(!attempt(|_| ()));
    assert!(attempt(|case| case.x.truncate(127)));
    assert!(attempt(|case| case.bias = Some(vec![0.0; 2])));
}

#[test]
fn a_product_refuses_weights_of_other_sizes_or_for_another_instruction_set() {
    let blocks = [0_u8; 6 * 34];
    let run = |kernels, weights: &BlockMatrix<&[u8]>| {
        let (gemm, mut scratch) =
            (BlocksGemm { m: 1, k: 64, n: 3 }, vec![0; BlocksGemm::scratch_bytes(1, 64).unwrap()]);
        let product = || gemm.run(kernels, &[0.0; 64], weights, None, Clamp::NONE, &mut scratch, &mut [0.0; 3]);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(product)).is_ok()
    };
    for (kernels, other) in kernels().flat_map(|one| self::kernels().map(move |other| (one, other))) {
        let weights = |k, n| BlockMatrix::new(kernels, BlockType::Q8_0, k, n, &blocks[..]).unwrap();
        assert!(run(kernels, &weights(64, 3)));
        assert!(!run(kernels, &weights(32, 6)));
        assert_eq!(run(other, &weights(64, 3)), other.isa() == kernels.isa());
    }
}

#[test]
fn bytes_that_are_not_whole_rows_of_blocks_are_no_weights() {
    let blocks = [0_u8; 6 * 34 + 1];
    for kernels in kernels() {
        let fits = |k, n, bytes| BlockMatrix::new(kernels, BlockType::Q8_0, k, n, &blocks[..bytes]).is_some();
        assert!(fits(64, 3, 6 * 34));
        assert!(!fits(64, 3, 6 * 34 - 1));
        assert!(!fits(64, 3, 6 * 34 + 1));
        assert!(!fits(48, 4, 6 * 34));
        assert!(!fits(64, usize::MAX / 34, 6 * 34));
    }
}

#[test]
fn packed_weights_take_about_the_bytes_of_their_blocks() {
    for block_type in BlockType::ALL {
        let (k, n) = (1024, 64);
        let blocks = vec![0_u8; n * k / block_type.block_elements() * block_type.block_bytes()];
        for kernels in kernels() {
            let packed = BlockMatrix::new(kernels, block_type, k, n, &blocks[..]).unwrap().packed_bytes();
            let (least, most) = (blocks.len(), blocks.len() * 6 / 5);
            assert!(packed == 0 || (least..=most).contains(&packed), "{block_type:?}: {packed} for {least}");
        }
    }
}
