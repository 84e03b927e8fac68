//! Masks of the first elements of a vector.

use std::arch::x86_64::{__mmask16, __mmask64};

/// The first `count` of 64, where `count` is 1 to 64.
#[inline(always)]
pub(super) fn of_64(count: usize) -> __mmask64 {
    u64::MAX.wrapping_shr(64_u32.wrapping_sub(count as u32))
}

/// The first `count` of 16, where `count` is at least 1; all of them where it is more.
#[inline(always)]
pub(super) fn of_16(count: usize) -> __mmask16 {
    u16::MAX.wrapping_shr(16_u32.wrapping_sub(count.min(16) as u32))
}
