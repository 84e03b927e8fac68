//! A packed record, as the JVM's hot path is given it, for a schema with every type of feature.

#![no_main]

use std::sync::LazyLock;

use dunlin_bundle::schema::Schema;
use dunlin_tests::every_feature::every_parts;
use libfuzzer_sys::fuzz_target;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| every_parts().schema);

fuzz_target!(|bytes: &[u8]| {
    let _ = dunlin_uniffi::packed::read_record(&SCHEMA, bytes);
});
