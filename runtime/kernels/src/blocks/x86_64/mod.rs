//! Block products on x86-64.

mod avx2;
mod avx512;

pub(super) use avx2::{gemm as avx2, pack as pack_avx2};
pub(super) use avx512::{gemm as avx512, pack as pack_avx512};
