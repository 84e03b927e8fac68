//! Memory that ends where nothing may be read or written: what touches a byte past it kills the test.

use std::ops::{Deref, DerefMut};

/// Elements whose last one stands before a page without any right.
pub(crate) struct Guarded<T> {
    pages: *mut libc::c_void,
    bytes: usize,
    len: usize,
    start: *mut T,
}

impl<T: Copy> Guarded<T> {
    pub(crate) fn new(values: &[T]) -> Self {
        let page = 65536;
        let bytes = size_of_val(values).next_multiple_of(page) + page;
        let (rights, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping, in which the last page loses its rights; the values are copied before that page.
        unsafe {
            let pages = libc::mmap(std::ptr::null_mut(), bytes, rights, kind, -1, 0);
            assert_ne!(pages, libc::MAP_FAILED);
            let end = pages.cast::<u8>().add(bytes - page);
            assert_eq!(libc::mprotect(end.cast(), page, libc::PROT_NONE), 0);
            let start = end.cast::<T>().sub(values.len());
            start.copy_from_nonoverlapping(values.as_ptr(), values.len());
            Self { pages, bytes, len: values.len(), start }
        }
    }
}

impl<T> Deref for Guarded<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: so many values were copied there.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl<T> DerefMut for Guarded<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`.
        unsafe { libc::munmap(self.pages, self.bytes) };
    }
}
