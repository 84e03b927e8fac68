//! Versions of the interface and of the library.

use std::ffi::c_char;

/// The interface that this header describes.
pub const DUNLIN_ABI_VERSION: u32 = 2;

/// The interface that the library has: compare it with DUNLIN_ABI_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_abi_version() -> u32 {
    DUNLIN_ABI_VERSION
}

/// The library's version, for people: a text that is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
