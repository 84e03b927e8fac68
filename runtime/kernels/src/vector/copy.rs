//! Copies from one order of dimensions to another.

use std::array;

use crate::aligned::Plain;

/// Dimensions that a copy may have.
const MAX_RANK: usize = 8;
/// Rows and columns that a transposition turns at once.
const TILE: usize = 4;

/// A dimension of a copy: its size, and elements from one index to the next on both sides.
#[derive(Clone, Copy, Default)]
struct Dim {
    size: usize,
    x: isize,
    y: isize,
}

/// Dimensions that differ from one, outermost first; those that lie as one in both x and y are one.
struct Dims {
    dims: [Dim; MAX_RANK],
    count: usize,
}

/// Copies a block of elements: the one at `index` from `x_start + index . x_strides` to `y_start + index . y_strides`.
/// Strides may be 0 (an element of x repeats) or negative. Rank is at most 8.
///
/// # Panics
/// When the ranks differ or exceed 8, or an element lies outside of its slice: faults of a plan.
pub fn copy_strided<T: Plain>(
    x: &[T],
    x_strides: &[isize],
    x_start: usize,
    shape: &[usize],
    y: &mut [T],
    y_start: usize,
    y_strides: &[isize],
) {
    let rank = shape.len();
    assert!(rank <= MAX_RANK && x_strides.len() == rank && y_strides.len() == rank, "strides for each of {shape:?}");
    if shape.contains(&0) {
        return;
    }
    check("x", x_start, shape, x_strides, x.len());
    check("y", y_start, shape, y_strides, y.len());
    let mut dims = Dims::new(shape, x_strides, y_strides);
    let inner = dims.split_inner();
    // SAFETY: every element that an index in `shape` stands for was checked to lie within x and y, which are apart. Merging
    // and reordering dimensions changes no element's place.
    unsafe { dims.each(x.as_ptr().add(x_start), y.as_mut_ptr().add(y_start), inner) };
}

/// Checks that the least and the greatest position lie within a slice.
fn check(what: &str, start: usize, shape: &[usize], strides: &[isize], len: usize) {
    let ends = || {
        let start = isize::try_from(start).ok()?;
        shape.iter().zip(strides).try_fold((start, start), |(low, high), (size, stride)| {
            let reach = isize::try_from(size - 1).ok()?.checked_mul(*stride)?;
            Some((low.checked_add(reach.min(0))?, high.checked_add(reach.max(0))?))
        })
    };
    let inside = ends().is_some_and(|(low, high)| low >= 0 && high.unsigned_abs() < len);
    assert!(inside, "{what}: {shape:?} by {strides:?} from {start} lies outside of {len} elements");
}

/// How the innermost dimensions are copied.
#[derive(Clone, Copy)]
enum Inner {
    /// Neighbours on both sides.
    Run { size: usize },
    /// One element to neighbours.
    Fill { size: usize },
    /// Any other dimension.
    Strided(Dim),
    /// Two dimensions: neighbours of x, and neighbours of y.
    Transpose { of_x: Dim, of_y: Dim },
}

impl Dims {
    fn new(shape: &[usize], x_strides: &[isize], y_strides: &[isize]) -> Self {
        let mut dims = [Dim::default(); MAX_RANK];
        let mut count = 0;
        for ((size, x), y) in shape.iter().zip(x_strides).zip(y_strides) {
            if *size != 1 {
                dims[count] = Dim { size: *size, x: *x, y: *y };
                count += 1;
            }
        }
        // In the order in which they lie in y, so that it is written from its start to its end.
        dims[..count].sort_unstable_by_key(|dim| std::cmp::Reverse(dim.y.unsigned_abs()));
        let mut merged = Self { dims, count: count.min(1) };
        for inner in &dims[1.min(count)..count] {
            let outer = &mut merged.dims[merged.count - 1];
            let size = inner.size.cast_signed();
            if Some(outer.x) == inner.x.checked_mul(size) && Some(outer.y) == inner.y.checked_mul(size) {
                *outer = Dim { size: outer.size * inner.size, ..*inner };
            } else {
                merged.dims[merged.count] = *inner;
                merged.count += 1;
            }
        }
        merged
    }

    /// Takes out the innermost dimensions.
    fn split_inner(&mut self) -> Inner {
        let Some(inner) = self.count.checked_sub(1).map(|last| self.take(last)) else {
            return Inner::Run { size: 1 };
        };
        match inner {
            Dim { size, x: 1, y: 1 } => Inner::Run { size },
            Dim { size, x: 0, y: 1 } => Inner::Fill { size },
            Dim { y: 1, .. } => match self.dims[..self.count].iter().position(|dim| dim.x == 1) {
                Some(at) => Inner::Transpose { of_x: self.take(at), of_y: inner },
                None => Inner::Strided(inner),
            },
            _ => Inner::Strided(inner),
        }
    }

    fn take(&mut self, at: usize) -> Dim {
        let dim = self.dims[at];
        self.dims.copy_within(at + 1..self.count, at);
        self.count -= 1;
        dim
    }

    /// Copies at every index of the dimensions that are left.
    ///
    /// # Safety
    /// Every element must lie within what the pointers point into.
    unsafe fn each<T: Plain>(&self, mut x: *const T, mut y: *mut T, inner: Inner) {
        let dims = &self.dims[..self.count];
        let mut index = [0; MAX_RANK];
        loop {
            // SAFETY: the caller's promise, at this index.
            unsafe { inner.copy(x, y) };
            let mut d = dims.len();
            loop {
                let Some(next) = d.checked_sub(1) else { return };
                d = next;
                let dim = dims[d];
                index[d] += 1;
                if index[d] < dim.size {
                    x = x.wrapping_offset(dim.x);
                    y = y.wrapping_offset(dim.y);
                    break;
                }
                index[d] = 0;
                let back = -(dim.size - 1).cast_signed();
                x = x.wrapping_offset(back.wrapping_mul(dim.x));
                y = y.wrapping_offset(back.wrapping_mul(dim.y));
            }
        }
    }
}

impl Inner {
    /// # Safety
    /// Every element must lie within what the pointers point into.
    unsafe fn copy<T: Plain>(self, x: *const T, y: *mut T) {
        match self {
            // SAFETY: the caller's promise; x and y are apart.
            Self::Run { size } => unsafe { std::ptr::copy_nonoverlapping(x, y, size) },
            // SAFETY: the caller's promise.
            Self::Fill { size } => unsafe { std::slice::from_raw_parts_mut(y, size).fill(*x) },
            // SAFETY: the caller's promise.
            Self::Strided(dim) => unsafe { strided(x, y, dim) },
            // SAFETY: the caller's promise.
            Self::Transpose { of_x, of_y } => unsafe { transpose(x, y, of_x, of_y) },
        }
    }
}

/// # Safety
/// Every element must lie within what the pointers point into.
unsafe fn strided<T: Plain>(mut x: *const T, mut y: *mut T, dim: Dim) {
    for _ in 0..dim.size {
        // SAFETY: the caller's promise; past the last element the pointers are not used.
        unsafe { *y = *x };
        x = x.wrapping_offset(dim.x);
        y = y.wrapping_offset(dim.y);
    }
}

/// Copies two dimensions, `of_x` whose neighbours are neighbours in x and `of_y` whose neighbours are those in y, tile by
/// tile, so that cache lines of both are used whole.
///
/// # Safety
/// Every element must lie within what the pointers point into.
unsafe fn transpose<T: Plain>(x: *const T, y: *mut T, of_x: Dim, of_y: Dim) {
    if of_x.y == of_y.size.cast_signed() && (2..=4).contains(&of_y.size) {
        // SAFETY: the caller's promise; as y's rows follow each other, they are one run.
        return unsafe {
            match of_y.size {
                2 => interleave::<T, 2>(x, y, of_x.size, of_y.x),
                3 => interleave::<T, 3>(x, y, of_x.size, of_y.x),
                _ => interleave::<T, 4>(x, y, of_x.size, of_y.x),
            }
        };
    }
    let (whole_x, whole_y) = (of_x.size / TILE * TILE, of_y.size / TILE * TILE);
    let at = |i: usize, j: usize| {
        let (i, j) = (i.cast_signed(), j.cast_signed());
        let from = x.wrapping_offset(i.wrapping_add(j.wrapping_mul(of_y.x)));
        (from, y.wrapping_offset(j.wrapping_add(i.wrapping_mul(of_x.y))))
    };
    for i in (0..whole_x).step_by(TILE) {
        for j in (0..whole_y).step_by(TILE) {
            let (x, y) = at(i, j);
            // SAFETY: the whole tile lies within both dimensions.
            unsafe { tile(x, y, of_y.x, of_x.y) };
        }
        for j in whole_y..of_y.size {
            let (x, y) = at(i, j);
            // SAFETY: as above.
            unsafe { strided(x, y, Dim { size: TILE, ..of_x }) };
        }
    }
    for i in whole_x..of_x.size {
        let (x, y) = at(i, 0);
        // SAFETY: as above.
        unsafe { strided(x, y, of_y) };
    }
}

/// Turns a tile: reads its columns, which lie `x_step` apart, and writes its rows, `y_step` apart.
///
/// # Safety
/// The tile must lie within what the pointers point into.
#[inline(always)]
unsafe fn tile<T: Plain>(x: *const T, y: *mut T, x_step: isize, y_step: isize) {
    let column = |j: usize| {
        // SAFETY: the caller's promise.
        unsafe { *x.wrapping_offset(x_step.wrapping_mul(j.cast_signed())).cast::<[T; TILE]>() }
    };
    let columns: [[T; TILE]; TILE] = array::from_fn(column);
    let rows: [[T; TILE]; TILE] = array::from_fn(|i| columns.map(|column| column[i]));
    for (i, row) in rows.into_iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe { *y.wrapping_offset(y_step.wrapping_mul(i.cast_signed())).cast::<[T; TILE]>() = row };
    }
}

/// Interleaves N runs of `size` elements, `step` apart in x, as the planes of an image become pixels.
///
/// # Safety
/// Every element must lie within what the pointers point into.
unsafe fn interleave<T: Plain, const N: usize>(x: *const T, y: *mut T, size: usize, step: isize) {
    let plane = |n: usize| {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(x.wrapping_offset(step.wrapping_mul(n.cast_signed())), size) }
    };
    let planes: [&[T]; N] = array::from_fn(plane);
    // SAFETY: as above; x and y are apart.
    let pixels = unsafe { std::slice::from_raw_parts_mut(y.cast::<[T; N]>(), size) };
    for (i, pixel) in pixels.iter_mut().enumerate() {
        *pixel = planes.map(|plane| plane[i]);
    }
}
