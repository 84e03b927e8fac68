//! Memory whose start is aligned for every vector and cache line, for packed weights and for a run's arena.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::Range;
use std::ptr::NonNull;

/// Alignment of the first byte: a cache line, and the widest vector.
pub(crate) const ALIGNMENT: usize = 64;

/// Bytes, all zero at first, whose first is aligned to a cache line.
///
/// ```
/// use dunlin_kernels::Aligned;
///
/// let mut arena = Aligned::new(128);
/// arena.all_mut::<f32>()[16] = 1.0;
/// let ([x], y) = arena.split::<f32, u8, 1>([64..128], 0..64);
/// assert_eq!((x[0], y.len()), (1.0, 64));
/// ```
#[derive(Debug)]
pub struct Aligned {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: it owns its bytes as a `Box<[u8]>` would.
unsafe impl Send for Aligned {}
// SAFETY: shared, it only gives out shared slices.
unsafe impl Sync for Aligned {}

/// Types of which every pattern of bits is a value.
pub trait Plain: sealed::Sealed + Copy {}

mod sealed {
    pub trait Sealed {}
}

macro_rules! plain {
    ($($type:ty),*) => { $(
        impl sealed::Sealed for $type {}
        impl Plain for $type {}
    )* };
}

plain!(u8, i8, i32, i64, f32);

impl Aligned {
    /// So many bytes, zero.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let layout = Self::layout(len);
        // SAFETY: the layout is not of size zero.
        let start = unsafe { alloc_zeroed(layout) };
        let Some(start) = NonNull::new(start) else { handle_alloc_error(layout) };
        Self { start, len }
    }

    fn layout(len: usize) -> Layout {
        // A slice could not be longer than what fails here, so no caller can hold that many bytes.
        Layout::from_size_align(len.max(1), ALIGNMENT).unwrap_or_else(|_| handle_alloc_error(Layout::new::<u8>()))
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All whole elements.
    #[inline]
    #[must_use]
    pub fn all<T: Plain>(&self) -> &[T] {
        self.view(0..self.len)
    }

    /// All whole elements, to write to.
    #[must_use]
    pub fn all_mut<T: Plain>(&mut self) -> &mut [T] {
        // SAFETY: the range is within the allocation, aligned at its start, of plain values, and borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.len / size_of::<T>()) }
    }

    /// The whole elements of a range of bytes.
    ///
    /// # Panics
    /// When the range ends past the last byte or its start is not aligned for the element.
    #[inline]
    #[must_use]
    pub fn view<T: Plain>(&self, range: Range<usize>) -> &[T] {
        let (start, count) = self.locate::<T>(&range);
        // SAFETY: `locate` checked bounds and alignment, and every pattern of bits is a value.
        unsafe { std::slice::from_raw_parts(start, count) }
    }

    /// Ranges to read from, and one to write to that none of them overlaps.
    ///
    /// # Panics
    /// When a range ends past the last byte, its start is not aligned for the element, or one that is read overlaps the
    /// one that is written.
    #[inline]
    #[must_use]
    pub fn split<R: Plain, W: Plain, const N: usize>(
        &mut self,
        read: [Range<usize>; N],
        write: Range<usize>,
    ) -> ([&[R]; N], &mut [W]) {
        read.iter().for_each(|read| keep_apart(read, &write));
        let (start, count) = self.locate::<W>(&write);
        let read = read.map(|range| self.locate::<R>(&range));
        // SAFETY: `locate` checked bounds and alignment; what is written overlaps nothing that is read; both borrow
        // `self`, which is borrowed mutably.
        unsafe {
            let read = read.map(|(start, count)| std::slice::from_raw_parts(start, count));
            (read, std::slice::from_raw_parts_mut(start.cast_mut(), count))
        }
    }

    /// Ranges to read from, and two to write to that overlap neither each other nor what is read.
    ///
    /// # Panics
    /// As [`Aligned::split`].
    #[must_use]
    pub fn split_two<R: Plain, V: Plain, W: Plain, const N: usize>(
        &mut self,
        read: [Range<usize>; N],
        first: Range<usize>,
        second: Range<usize>,
    ) -> ([&[R]; N], &mut [V], &mut [W]) {
        assert!(first.end <= second.start || second.end <= first.start, "{first:?} overlaps {second:?}");
        let (start, count) = self.locate::<V>(&first);
        read.iter().for_each(|read| keep_apart(read, &first));
        // SAFETY: `locate` checked bounds and alignment; the range overlaps nothing else that is given out.
        let first = unsafe { std::slice::from_raw_parts_mut(start.cast_mut(), count) };
        let (read, second) = self.split(read, second);
        (read, first, second)
    }

    /// Two ranges to read from, of different elements, and one to write to that neither overlaps.
    ///
    /// # Panics
    /// As [`Aligned::split`].
    #[must_use]
    pub fn split_mixed<R: Plain, S: Plain, W: Plain>(
        &mut self,
        first: Range<usize>,
        second: Range<usize>,
        write: Range<usize>,
    ) -> (&[R], &[S], &mut [W]) {
        keep_apart(&second, &write);
        let (start, count) = self.locate::<S>(&second);
        // SAFETY: `locate` checked bounds and alignment; what is written does not overlap it.
        let second = unsafe { std::slice::from_raw_parts(start, count) };
        let ([first], write) = self.split([first], write);
        (first, second, write)
    }

    #[inline]
    fn locate<T: Plain>(&self, range: &Range<usize>) -> (*const T, usize) {
        let is_within = range.start <= range.end && range.end <= self.len;
        if !is_within || !range.start.is_multiple_of(align_of::<T>()) {
            refuse(range, self.len);
        }
        // SAFETY: the start is at most one past the last byte.
        (unsafe { self.start.as_ptr().add(range.start) }.cast(), (range.end - range.start) / size_of::<T>())
    }
}

/// Checks that what is read does not overlap what is written.
#[inline]
fn keep_apart(read: &Range<usize>, write: &Range<usize>) {
    if !read.is_empty() && read.end > write.start && write.end > read.start {
        refuse_overlap(read, write);
    }
}

/// Apart, as the next, so that a call that passes does not prepare what it would say.
#[cold]
#[inline(never)]
fn refuse(range: &Range<usize>, len: usize) -> ! {
    panic!("{range:?} is not within {len} bytes, or its start is not aligned")
}

#[cold]
#[inline(never)]
fn refuse_overlap(read: &Range<usize>, write: &Range<usize>) -> ! {
    panic!("{read:?} overlaps {write:?}")
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.len);
        copy.all_mut::<u8>().copy_from_slice(self.all());
        copy
    }
}

impl Drop for Aligned {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this very layout.
        unsafe { dealloc(self.start.as_ptr(), Self::layout(self.len)) }
    }
}
