//! Products with ggml's blocks on the engine's own kernels, against candle's on weights that candle quantised.

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Device, Module, Tensor};
use dunlin_kernels::{BlockMatrix, BlockType, BlocksGemm, Clamp, Isa, Kernels};

const TYPES: [(BlockType, GgmlDType); 10] = [
    (BlockType::Q4_0, GgmlDType::Q4_0),
    (BlockType::Q4_1, GgmlDType::Q4_1),
    (BlockType::Q5_0, GgmlDType::Q5_0),
    (BlockType::Q5_1, GgmlDType::Q5_1),
    (BlockType::Q8_0, GgmlDType::Q8_0),
    (BlockType::Q2K, GgmlDType::Q2K),
    (BlockType::Q3K, GgmlDType::Q3K),
    (BlockType::Q4K, GgmlDType::Q4K),
    (BlockType::Q5K, GgmlDType::Q5K),
    (BlockType::Q6K, GgmlDType::Q6K),
];

/// Numbers from -1 to 1 without any pattern that blocks could follow.
fn numbers(len: usize, seed: f32) -> Vec<f32> {
    (0..len).map(|i| ((i as f32 + seed) * 12.9898).sin()).collect()
}

fn root_mean_square(numbers: impl Iterator<Item = f32>, count: usize) -> f32 {
    (numbers.map(|x| x * x).sum::<f32>() / count as f32).sqrt()
}

/// Candle's own block kernels need dot products on 64-bit ARM.
fn candle_multiplies_blocks_here() -> bool {
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("dotprod");
    #[cfg(not(target_arch = "aarch64"))]
    true
}

#[test]
fn products_with_blocks_are_those_of_candle_for_every_type_and_instruction_set() {
    if !candle_multiplies_blocks_here() {
        return;
    }
    for (block_type, candle_type) in TYPES {
        assert_eq!(block_type.block_elements(), candle_type.block_size(), "{block_type:?}");
        assert_eq!(block_type.block_bytes(), candle_type.type_size(), "{block_type:?}");
        for (m, k, n) in [(1, 256, 32), (3, 512, 7), (9, 768, 33)] {
            let (x, w) = (numbers(m * k, 0.5), numbers(n * k, 7.25));
            let w = Tensor::from_vec(w, (n, k), &Device::Cpu).unwrap();
            let blocks = QTensor::quantize(&w, candle_type).unwrap();
            let bytes = blocks.data().unwrap().into_owned();
            let theirs = QMatMul::from_qtensor(blocks).unwrap();
            let theirs = theirs.forward(&Tensor::from_vec(x.clone(), (m, k), &Device::Cpu).unwrap()).unwrap();
            let theirs: Vec<f32> = theirs.flatten_all().unwrap().to_vec1().unwrap();
            let size = root_mean_square(theirs.iter().copied(), m * n);
            for isa in Isa::available() {
                let kernels = Kernels::of(isa).unwrap();
                let mut scratch = vec![0; BlocksGemm::scratch_bytes(m, k).unwrap()];
                let mut ours = vec![0.0; m * n];
                let gemm = BlocksGemm { m, k, n };
                let weights = BlockMatrix::new(kernels, block_type, k, n, &bytes[..]).unwrap();
                gemm.run(kernels, &x, &weights, None, Clamp::NONE, &mut scratch, &mut ours);
                // Both hold activations in 8 bits, candle in coarser steps on some of its ways.
                let apart = root_mean_square(ours.iter().zip(&theirs).map(|(a, b)| a - b), m * n);
                assert!(apart <= 0.01 * size, "{isa} {block_type:?} {gemm:?}: {apart} apart of {size}");
            }
        }
    }
}
