//! Speed of products with ggml's blocks: GMAC/s of every instruction set, of one thread, at the fastest of many repetitions.

use std::time::Instant;

use dunlin_kernels::{BlockMatrix, BlockType, BlocksGemm, Clamp, Isa, Kernels};

/// k and n of layers of models.
const LAYERS: [(usize, usize); 6] = [(384, 1536), (1536, 384), (640, 128), (256, 128), (32, 256), (512, 512)];
/// Rows.
const ROWS: [usize; 5] = [1, 3, 4, 8, 64];

#[allow(clippy::print_stdout, reason = "what the example is for")]
fn main() {
    let wanted = std::env::args().nth(1);
    for isa in Isa::available().filter(|isa| wanted.as_deref().is_none_or(|wanted| wanted == isa.name())) {
        let kernels = Kernels::of(isa).unwrap_or_else(|| unreachable!("it is available"));
        for block_type in BlockType::ALL {
            for (k, n) in LAYERS.into_iter().filter(|(k, _)| k.is_multiple_of(block_type.block_elements())) {
                print!("{isa:10} {block_type:?} {k:4} x {n:4}:");
                for m in ROWS {
                    let gmacs = (m * k * n) as f64 / nanoseconds(kernels, BlocksGemm { m, k, n }, block_type);
                    print!("  m {m:2} {gmacs:6.1}");
                }
                println!();
            }
        }
    }
}

/// The least time that a call took.
fn nanoseconds(kernels: &Kernels, gemm: BlocksGemm, block_type: BlockType) -> f64 {
    let BlocksGemm { m, k, n } = gemm;
    let x: Vec<f32> = (0..m * k).map(|i| (i * 7919 % 1009) as f32 / 1009.0 - 0.5).collect();
    // All scales are small: no byte of them has the top bits of the exponent.
    let bytes = n * (k / block_type.block_elements()) * block_type.block_bytes();
    let weights: Vec<u8> = (0..bytes).map(|i| (i * 7919 % 251) as u8 & 0x2f).collect();
    let weights = BlockMatrix::new(kernels, block_type, k, n, weights).unwrap_or_else(|| unreachable!("whole blocks"));
    let mut scratch = vec![0; BlocksGemm::scratch_bytes(m, k).unwrap_or(0)];
    let mut y = vec![0.0; m * n];
    let calls = (1_000_000 / (m * k * n)).max(1);
    let mut least = f64::INFINITY;
    for _ in 0..40 {
        let start = Instant::now();
        for _ in 0..calls {
            gemm.run(kernels, &x, &weights, None, Clamp::NONE, &mut scratch, &mut y);
        }
        least = least.min(start.elapsed().as_nanos() as f64 / calls as f64);
    }
    std::hint::black_box(&y);
    least
}
