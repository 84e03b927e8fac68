//! Attacks on the weights: headers that lie, absurd shapes, values that are not finite.

use dunlin_bundle::tensor::DType;
use dunlin_bundle::{GgmlType, Weight, WeightType, Weights, WeightsError, gguf_bytes, safetensors_bytes};
use dunlin_tests::forge::{RawEntry, find, forge, unpack};
use serde_json::{Value, json};

use crate::support::{HONEST, assert_says, with_content};

/// An edit of a safetensors header, and words that the refusal must say.
type Attack = (fn(&mut Value), &'static str);

const ENTRIES: [&str; 2] = ["weights.safetensors", "baseline/weights.safetensors"];

fn content(name: &str) -> Vec<u8> {
    find(&mut unpack(&HONEST), name).content.clone()
}

/// A safetensors file with its header changed and padded again.
fn with_header(file: &[u8], edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let length = u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    edit(&mut header);
    raw(&header.to_string(), &file[8 + length..])
}

fn raw(header: &str, data: &[u8]) -> Vec<u8> {
    let mut text = header.as_bytes().to_vec();
    text.resize((8 + text.len()).next_multiple_of(64) - 8, b' ');
    [&(text.len() as u64).to_le_bytes(), &text[..], data].concat()
}

#[test]
fn weights_that_are_not_finite_are_refused_by_tensor() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for name in ENTRIES {
            let mut file = content(name);
            let last = file.len() - 4;
            file[last..].copy_from_slice(&value.to_le_bytes());
            assert_says(with_content(name, file), "weights", name, "NaN or infinite");
        }
    }
}

#[test]
fn headers_that_lie_about_tensors_are_refused() {
    let name = "weights.safetensors";
    let attacks: [Attack; 9] = [
        (|h| h["first.bias"]["shape"] = json!([7]), "`first.bias`"),
        (|h| h["first.bias"]["shape"] = json!([u64::MAX]), "MAX_TENSOR_ELEMENTS"),
        (|h| h["first.bias"]["shape"] = json!([1_u64 << 40, 1_u64 << 40]), "MAX_TENSOR_ELEMENTS"),
        (|h| h["first.bias"]["shape"] = json!([1, 1, 1, 1, 1, 1, 1, 1, 6]), "MAX_RANK"),
        (|h| h["first.bias"]["shape"] = json!([0]), "zero"),
        (|h| h["first.bias"]["dtype"] = json!("BF16"), "BF16"),
        (|h| h["first.bias"]["data_offsets"] = json!([u64::MAX - 23, u64::MAX]), "`first.bias`"),
        (|h| h["first.bias"]["data_offsets"] = h["second.bias"]["data_offsets"].clone(), "`first.bias`"),
        (|h| h["second.bias"]["data_offsets"] = json!([0, 12]), "overlap"),
    ];
    for (edit, words) in attacks {
        assert_says(with_content(name, with_header(&content(name), edit)), "weights", name, words);
    }
}

#[test]
fn headers_that_are_no_headers_are_refused() {
    let name = "weights.safetensors";
    let long = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    assert_says(with_content(name, long), "weights", name, "MAX_WEIGHTS_HEADER_BYTES");
    let cut = [&1000_u64.to_le_bytes()[..], b"{}"].concat();
    assert_says(with_content(name, cut), "weights", name, "ends inside its header");
    assert_says(with_content(name, [1, 2, 3]), "weights", name, "shorter");
    assert_says(with_content(name, raw(&"[".repeat(1000), &[])), "weights", name, "MAX_JSON_DEPTH");
    let twice =
        r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
    assert_says(with_content(name, raw(twice, &[0])), "weights", name, "twice");
    let trailing = [content(name), vec![0; 64]].concat();
    assert_says(with_content(name, trailing), "weights", name, "64 bytes follow");
}

#[test]
fn weights_that_could_not_be_mapped_in_place_are_refused() {
    let name = "weights.safetensors";
    let file = content(name);
    let length = u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
    let unpadded = [&(length as u64 + 8).to_le_bytes(), &file[8..8 + length], &[b' '; 8], &file[8 + length..]].concat();
    assert_says(with_content(name, unpadded), "weights", name, "multiple of 64");
    let odd =
        r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#;
    assert_says(with_content(name, raw(odd, &[0; 5])), "weights", name, "`b`");
}

#[test]
fn a_tensor_in_both_weights_entries_is_refused() {
    let block = [0_u8; 34];
    let tensor = Weight { dtype: WeightType::Ggml(GgmlType::Q8_0), shape: &[32], bytes: &block };
    let gguf = gguf_bytes([("first.bias", tensor)]).unwrap();
    let file = forge(&HONEST, |entries| entries.insert(6, RawEntry::stored("weights.gguf", gguf)));
    assert_says(file, "weights", "weights.gguf", "both weights entries");
}

/// A GGUF file of one Q8_0 tensor `w` of one block.
fn small_gguf() -> Vec<u8> {
    let block = [0_u8; 34];
    gguf_bytes([("w", Weight { dtype: WeightType::Ggml(GgmlType::Q8_0), shape: &[1, 32], bytes: &block })]).unwrap()
}

#[track_caller]
fn assert_gguf_refused(file: Vec<u8>, words: &str) {
    let forged = forge(&HONEST, |entries| entries.insert(6, RawEntry::stored("weights.gguf", file)));
    assert_says(forged, "weights", "weights.gguf", words);
}

#[test]
fn a_gguf_header_that_lies_is_refused() {
    let name = small_gguf().windows(9).position(|w| w == b"\x01\0\0\0\0\0\0\0w").unwrap();
    // Offsets from the name: rank, dimensions (fastest first), type, offset.
    let attacks: [(usize, &[u8], &str); 11] = [
        (0, b"GGML", "GGUF"),
        (4, &[1], "version 1"),
        (8, &[0xff; 8], "MAX_TENSORS"),
        (16, &[0xff; 8], "MAX_TENSORS"),
        (24, &[0xff; 8], "ends inside its header"),
        (name, &[0xff; 8], "ends inside its header"),
        (name + 9, &[5], "dimensions"),
        (name + 13, &[33], "whole number of blocks"),
        (name + 13, &[0xff; 8], "MAX_TENSOR_ELEMENTS"),
        (name + 29, &[99], "type 99"),
        (name + 33, &[64], "offset"),
    ];
    for (at, bytes, words) in attacks {
        let mut file = small_gguf();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        assert_gguf_refused(file, words);
    }
    assert_gguf_refused([small_gguf(), vec![0; 64]].concat(), "follow");
    let cut = small_gguf().len() - 40;
    assert_gguf_refused(small_gguf()[..cut].to_vec(), "ends past the file");
}

#[test]
fn gguf_metadata_bombs_are_refused() {
    let header = |keys: u64, rest: &[u8]| [&b"GGUF\x03\0\0\0"[..], &[0; 8], &keys.to_le_bytes(), rest].concat();
    let key = |name: &str| [&(name.len() as u64).to_le_bytes(), name.as_bytes()].concat();
    let array = |kind: u32, count: u64| [&kind.to_le_bytes()[..], &count.to_le_bytes()].concat();
    let nested = [key("k"), vec![9, 0, 0, 0], array(9, 1).repeat(100)].concat();
    assert_gguf_refused(header(1, &nested), "nest");
    let endless = [key("k"), vec![9, 0, 0, 0], array(8, u64::MAX)].concat();
    assert_gguf_refused(header(1, &endless), "ends inside its header");
    let overflowing = [key("k"), vec![9, 0, 0, 0], array(12, u64::MAX)].concat();
    assert_gguf_refused(header(1, &overflowing), "too long");
    let twice = [key("k"), vec![0, 0, 0, 0, 1]].concat().repeat(2);
    assert_gguf_refused(header(2, &twice), "twice");
    for alignment in [0_u32, 3, 1 << 31] {
        let zero = [key("general.alignment"), vec![4, 0, 0, 0], alignment.to_le_bytes().to_vec()].concat();
        assert_gguf_refused(header(1, &zero), "power of two");
    }
}

#[test]
fn block_scales_that_are_not_finite_are_refused() {
    for ggml in GgmlType::ALL {
        let shape = [ggml.block_elements()];
        let good = vec![0_u8; ggml.block_bytes()];
        let refusals = (0..good.len() - 1).filter(|&at| {
            let mut block = good.clone();
            block[at..at + 2].copy_from_slice(&[0x00, 0x7c]);
            let file = gguf_bytes([("w", Weight { dtype: WeightType::Ggml(ggml), shape: &shape, bytes: &block })]);
            matches!(Weights::from_gguf(file.unwrap()), Err(WeightsError::Tensor { tensor, .. }) if tensor == "w")
        });
        let expected = match ggml {
            GgmlType::Q4_0 | GgmlType::Q5_0 | GgmlType::Q8_0 | GgmlType::Q3K | GgmlType::Q6K => 1,
            _ => 2,
        };
        assert_eq!(refusals.count(), expected, "{ggml:?} has that many scales");
    }
}

#[test]
fn half_precision_and_boolean_values_are_checked() {
    let one = |dtype, bytes: &[u8]| {
        let weight = Weight { dtype: WeightType::Dense(dtype), shape: &[1], bytes };
        Weights::from_safetensors(safetensors_bytes([("w", weight)]).unwrap())
    };
    assert!(one(DType::F16, &[0x00, 0x3c]).is_ok());
    assert!(one(DType::F16, &[0x01, 0x7c]).is_err());
    assert!(one(DType::Bool, &[1]).is_ok());
    assert!(one(DType::Bool, &[2]).is_err());
}
