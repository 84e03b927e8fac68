//! How the bytes of a block are read and written: all of them, some, or pixel by pixel.

use super::Vectors;

/// How the bytes of a block are read and written.
pub(super) trait Access<V: Vectors>: Copy {
    unsafe fn load(self, x: *const u8) -> V::Bytes;
    unsafe fn store(self, y: *mut u8, bytes: V::Bytes);
}

/// All of them, side by side.
#[derive(Clone, Copy)]
pub(super) struct Whole;

impl<V: Vectors> Access<V> for Whole {
    #[inline(always)]
    unsafe fn load(self, x: *const u8) -> V::Bytes {
        // SAFETY: as the caller says.
        unsafe { V::load(x) }
    }

    #[inline(always)]
    unsafe fn store(self, y: *mut u8, bytes: V::Bytes) {
        // SAFETY: as the caller says.
        unsafe { V::store(y, bytes) }
    }
}

/// The first ones.
#[derive(Clone, Copy)]
pub(super) struct Part(pub(super) usize);

impl<V: Vectors> Access<V> for Part {
    #[inline(always)]
    unsafe fn load(self, x: *const u8) -> V::Bytes {
        // SAFETY: as the caller says.
        unsafe { V::load_part(x, self.0) }
    }

    #[inline(always)]
    unsafe fn store(self, y: *mut u8, bytes: V::Bytes) {
        // SAFETY: as the caller says.
        unsafe { V::store_part(y, bytes, self.0) }
    }
}

/// Pixels of `C` channels that lie apart in x and side by side in y.
#[derive(Clone, Copy)]
pub(super) struct Apart<const C: usize> {
    pub(super) step: usize,
    pub(super) count: usize,
}

impl<V: Vectors, const C: usize> Access<V> for Apart<C> {
    #[inline(always)]
    unsafe fn load(self, x: *const u8) -> V::Bytes {
        // SAFETY: as the caller says.
        unsafe {
            // A count that is known takes no comparison for each pixel.
            let all = V::BYTES / C;
            if self.count == all { V::gather::<C>(x, self.step, all) } else { V::gather::<C>(x, self.step, self.count) }
        }
    }

    #[inline(always)]
    unsafe fn store(self, y: *mut u8, bytes: V::Bytes) {
        // SAFETY: as the caller says.
        unsafe {
            if self.count == V::BYTES / C {
                V::store(y, bytes);
            } else {
                V::store_part(y, bytes, self.count.wrapping_mul(C));
            }
        }
    }
}
