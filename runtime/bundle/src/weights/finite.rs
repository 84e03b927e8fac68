//! Looks at every value of a tensor once: a NaN in the weights would make every answer NaN.

use super::{Weight, WeightType};
use crate::tensor::DType;

const NOT_FINITE: &str = "a value is NaN or infinite";
const SCALE_NOT_FINITE: &str = "the scale of a block is NaN or infinite";
const NOT_BOOL: &str = "a boolean is neither 0 nor 1";

/// What is wrong with a tensor's values, if anything.
pub(crate) fn problem(weight: &Weight<'_>) -> Option<&'static str> {
    let bytes = weight.bytes;
    match weight.dtype {
        WeightType::Dense(DType::F32) => {
            let finite = bytes.as_chunks::<4>().0.iter().all(|b| f32::from_le_bytes(*b).is_finite());
            (!finite).then_some(NOT_FINITE)
        }
        WeightType::Dense(DType::F16) => {
            (!bytes.as_chunks::<2>().0.iter().all(|b| is_finite_f16(*b))).then_some(NOT_FINITE)
        }
        WeightType::Dense(DType::Bool) => (!bytes.iter().all(|b| *b <= 1)).then_some(NOT_BOOL),
        WeightType::Dense(DType::I8 | DType::U8 | DType::I32 | DType::I64) => None,
        WeightType::Ggml(ggml) => {
            let block_is_finite =
                |block: &[u8]| ggml.scale_offsets().iter().all(|&at| is_finite_f16([block[at], block[at + 1]]));
            (!bytes.chunks_exact(ggml.block_bytes()).all(block_is_finite)).then_some(SCALE_NOT_FINITE)
        }
    }
}

/// An f16 whose exponent bits are all ones is infinite or NaN.
fn is_finite_f16(bytes: [u8; 2]) -> bool {
    const EXPONENT: u16 = 0x7c00;
    u16::from_le_bytes(bytes) & EXPONENT != EXPONENT
}
