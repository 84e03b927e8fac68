//! Any bytes as one entry of an otherwise honest bundle, with lengths and hashes made true: what lies behind them.
//!
//! The first byte chooses the entry. Without this, almost every input would end at a checksum.
#![no_main]

use std::sync::LazyLock;

use dunlin_tests::fixture::full_parts;
use dunlin_tests::forge::{pack, remanifest, unpack};

static HONEST: LazyLock<Vec<u8>> = LazyLock::new(|| full_parts().write().expect("the fixture is valid"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, content)) = bytes.split_first() else { return };
    let mut entries = unpack(&HONEST);
    let index = usize::from(*choice) % entries.len();
    entries[index].content = content.to_vec();
    // A manifest of the fuzzer's own stays as it is.
    if entries[index].name != b"manifest.json" {
        remanifest(&mut entries);
    }
    let _ = dunlin_bundle::Contents::read_unsigned(pack(&entries));
});
