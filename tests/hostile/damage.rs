//! Damage without intent: cut files, flipped bits, bytes too many.

use dunlin_bundle::{Bundle, BundleError, Contents, LayoutFault, TrustedKeys};
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::signing::TestKey;

use crate::support::{HONEST, assert_fault, refusal};

/// A signed bundle as small as they come, so that every bit of it can be tried.
fn small_signed() -> (Vec<u8>, TrustedKeys) {
    let mut parts = tiny_parts();
    parts.baseline = None;
    parts.reference.baseline_guard = None;
    parts.golden.cases.truncate(1);
    let key = TestKey::generate();
    (key.sign_bundle(parts.write().unwrap()).unwrap(), key.trusted())
}

#[test]
fn every_single_flipped_bit_is_refused_even_before_the_signature_is_checked() {
    let (file, keys) = small_signed();
    assert!(Bundle::read(file.clone(), &keys).is_ok());
    for position in 0..file.len() {
        for bit in 0..8 {
            let mut flipped = file.clone();
            flipped[position] ^= 1 << bit;
            assert!(Contents::read_unsigned(flipped).is_err(), "bit {bit} of byte {position} of {}", file.len());
        }
    }
}

#[test]
fn every_shorter_length_is_refused() {
    let (file, keys) = small_signed();
    for length in 0..file.len() {
        let error = Bundle::read(file[..length].to_vec(), &keys).map(drop).expect_err("a cut file must be refused");
        let is_cut =
            matches!(error, BundleError::TooSmall { .. } | BundleError::Layout { fault: LayoutFault::Truncated, .. });
        assert!(is_cut, "at {length} bytes: {error}");
    }
}

#[test]
fn bytes_after_the_end_are_refused() {
    let mut file = HONEST.clone();
    file.extend(b"more");
    assert_fault(file, "end record", &LayoutFault::TrailingBytes { count: 4 });
}

#[test]
fn a_file_that_is_no_bundle_is_refused() {
    assert!(matches!(refusal(Vec::new()), BundleError::TooSmall { length: 0 }));
    assert!(matches!(refusal(vec![0; 10_000]), BundleError::NotABundle));
    assert!(matches!(refusal(b"GGUF".repeat(1000)), BundleError::NotABundle));
}

#[test]
fn bytes_before_the_start_are_refused() {
    let file = [b"#!/bin/sh\n", &HONEST[..]].concat();
    assert!(matches!(refusal(file), BundleError::NotABundle));
}
