//! Any bytes as what an upload's gzip holds: reading them never panics. As gzip alone almost every input would end at a
//! checksum.
#![no_main]

use std::io::Read;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut upload = Vec::new();
    let packed = flate2::read::GzEncoder::new(bytes, flate2::Compression::fast()).read_to_end(&mut upload);
    packed.expect("memory takes it");
    let _ = dunlin_wire::decode(&upload);
});
