//! `hash_bucket`: the number of the bucket that a text hashes to, for vocabularies without end.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Cell, Kind, Transform, TransformOp};

/// 64-bit FNV-1a of the UTF-8 bytes, modulo `buckets`; part of the format, so it never changes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HashBucket {
    buckets: u64,
}

impl Transform for HashBucket {
    fn kind(&self, input: Kind) -> Result<Kind, &'static str> {
        match input {
            Kind::Text => Ok(Kind::Number),
            Kind::Number | Kind::Vector(_) => Err("a text or category"),
        }
    }

    fn apply<'a>(&self, cell: Cell<'a>) -> Cell<'a> {
        match cell {
            Cell::Text(text) => Cell::Number((fnv1a(text.as_bytes()) % self.buckets) as f64),
            other => other,
        }
    }
}

impl TransformOp for HashBucket {
    const OP: &'static str = "hash_bucket";

    fn validate(&self) -> Result<(), String> {
        (2..=1 << 24).contains(&self.buckets).then_some(()).ok_or_else(|| "buckets must be from 2 to 2^24".to_owned())
    }

    fn fit(settings: Map<String, Json>, _sample: &[Cell<'_>]) -> Result<Map<String, Json>, String> {
        Ok(settings)
    }
}

/// FNV-1a with the 64-bit offset basis and prime of its authors (Fowler, Noll and Vo).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_the_published_fnv1a() {
        // Vectors of the FNV authors' own test suite.
        assert_eq!(super::fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(super::fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(super::fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
