//! `uniffi-bindgen` at the very version that the library is built with: writes the Kotlin and Swift sources of a built library.

#![forbid(unsafe_code)]

fn main() {
    uniffi::uniffi_bindgen_main();
}
