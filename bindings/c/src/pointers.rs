//! Pointers of C, checked as far as they can be, become values: NULL, lengths and UTF-8 are looked at here and only here.

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::slice;

use crate::failure::Failure;

/// A place that C gives for a result; nothing in it has been read.
pub(crate) type Out<'a, T> = Option<&'a mut MaybeUninit<T>>;

/// The place, or which argument is NULL.
pub(crate) fn place<'a, T>(out: Out<'a, T>, argument: &str) -> Result<&'a mut MaybeUninit<T>, Failure> {
    out.ok_or_else(|| Failure::null(argument))
}

/// A text that ends in NUL.
///
/// # Safety
/// `pointer` is NULL or leads to bytes up to a NUL that stay as they are for `'a`.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, argument: &str) -> Result<&'a str, Failure> {
    // SAFETY: passed on to the caller.
    unsafe { optional_text(pointer, argument) }?.ok_or_else(|| Failure::null(argument))
}

/// A text that ends in NUL, or none.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn optional_text<'a>(pointer: *const c_char, argument: &str) -> Result<Option<&'a str>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the caller promises a NUL at the end.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    bytes.to_str().map(Some).map_err(|_| not_utf8(argument))
}

/// A text of so many bytes.
///
/// # Safety
/// As for [`items`].
pub(crate) unsafe fn sized_text<'a>(pointer: *const c_char, bytes: usize, argument: &str) -> Result<&'a str, Failure> {
    // SAFETY: passed on to the caller.
    let bytes = unsafe { items(pointer.cast::<u8>(), bytes, argument) }?;
    std::str::from_utf8(bytes).map_err(|_| not_utf8(argument))
}

/// So many items; NULL is well where there are none.
///
/// # Safety
/// `pointer` is NULL or leads to `count` readable items that stay as they are for `'a`.
pub(crate) unsafe fn items<'a, T>(pointer: *const T, count: usize, argument: &str) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(Failure::null(argument));
    }
    if !pointer.is_aligned() {
        return Err(Failure::misaligned(argument));
    }
    if count > isize::MAX as usize / size_of::<T>().max(1) {
        let message = format!("'{argument}' has length {count}, more than there is memory; check the length");
        return Err(Failure::argument("too_long", argument, message));
    }
    // SAFETY: not NULL, aligned, no longer than an object can be, and the caller promises the rest.
    Ok(unsafe { slice::from_raw_parts(pointer, count) })
}

/// Copies items into a buffer and tells how many there are. Without a buffer it only tells.
///
/// # Safety
/// `buffer` is NULL or has room for `capacity` items.
pub(crate) unsafe fn copy_out<T: Copy>(values: &[T], buffer: *mut T, capacity: usize) -> Result<(), Failure> {
    if buffer.is_null() {
        return Ok(());
    }
    if !buffer.is_aligned() {
        return Err(Failure::misaligned("buffer"));
    }
    if values.len() > capacity {
        return Err(Failure::too_small(values.len(), capacity));
    }
    // SAFETY: there is room for them where they may stand, and what is the runtime's own does not overlap with what is C's.
    unsafe { buffer.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
    Ok(())
}

/// Copies a text and its NUL into a buffer; `needed` becomes the bytes of both.
///
/// # Safety
/// `buffer` is NULL or has room for `capacity` bytes.
pub(crate) unsafe fn copy_text(
    text: &str,
    buffer: *mut c_char,
    capacity: usize,
    needed: Out<'_, usize>,
) -> Result<(), Failure> {
    let bytes = [text.as_bytes(), b"\0"].concat();
    if let Some(needed) = needed {
        needed.write(bytes.len());
    }
    // SAFETY: passed on to the caller.
    unsafe { copy_out(&bytes, buffer.cast::<u8>(), capacity) }
}

fn not_utf8(argument: &str) -> Failure {
    Failure::argument("not_utf8", argument, format!("'{argument}' is not UTF-8; convert it first"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    fn code<T>(result: Result<T, Failure>) -> String {
        result.err().map(|failure| failure.code.into_owned()).unwrap_or_default()
    }

    #[test]
    fn what_is_null_too_long_or_no_text_is_told_and_not_read() {
        // SAFETY: NULL, literals with their NUL, and a length that is refused before it is believed.
        unsafe {
            assert_eq!(code(text(ptr::null(), "name")), "null_pointer");
            assert_eq!(optional_text(ptr::null(), "name"), Ok(None));
            assert_eq!(code(text(c"\xff".as_ptr(), "name")), "not_utf8");
            assert_eq!(text(c"caf\u{e9}".as_ptr(), "name"), Ok("caf\u{e9}"));
            assert_eq!(items::<u8>(ptr::null(), 0, "body"), Ok(&[][..]));
            assert_eq!(code(items::<u8>(ptr::null(), 1, "body")), "null_pointer");
            assert_eq!(code(items([0_u32].as_ptr(), usize::MAX / 2, "body")), "too_long");
            assert_eq!(code(sized_text(c"\xc3".as_ptr(), 1, "json")), "not_utf8");
            let odd = [0_u32; 2].as_ptr().byte_add(1);
            assert_eq!(code(items(odd, 1, "tensors")), "misaligned");
            assert_eq!(code(copy_out(&[0], odd.cast_mut(), 1)), "misaligned");
        }
    }

    #[test]
    fn a_buffer_that_is_too_small_is_left_alone_and_the_size_is_told() {
        let (mut buffer, mut needed) = ([7; 4], MaybeUninit::new(0));
        let pointer = buffer.as_mut_ptr();
        // SAFETY: the buffer holds four.
        unsafe {
            assert_eq!(code(copy_text("abcd", pointer, 4, Some(&mut needed))), "buffer_too_small");
            assert_eq!((*pointer, needed.assume_init()), (7, 5));
            assert_eq!(copy_text("abcd", ptr::null_mut(), 0, None), Ok(()));
            assert_eq!(copy_text("abc", pointer, 4, Some(&mut needed)), Ok(()));
            assert_eq!(needed.assume_init(), 4);
        }
        assert_eq!(buffer.map(|byte| byte as u8), *b"abc\0");
    }
}
