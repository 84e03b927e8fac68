//! Any bytes at all: reading them never panics, never allocates without bound.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = dunlin_bundle::Contents::read_unsigned(bytes.to_vec());
});
