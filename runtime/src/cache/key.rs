//! The key that a record's answer is found by.

use dunlin_features::{Record, Value};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::privacy::HashKey;

/// 128 bits: among a thousand million records two share one with a chance of one in 10^20.
pub(super) const KEY_BYTES: usize = 16;

pub(super) type Key = [u8; KEY_BYTES];

/// Makes the keys of one model on one installation.
pub(super) struct Keys(Hmac<Sha256>);

impl Keys {
    pub(super) fn new(key: &HashKey, digest: &str) -> Self {
        Self(keyed(key, "dunlin answer 1", digest))
    }

    /// The key of a record. Every value is written with its kind and, where that is open, its length, so that no two records
    /// are written alike.
    pub(super) fn of(&self, record: &Record<'_>) -> Key {
        let mut mac = self.0.clone();
        for value in record.values() {
            match value {
                None => mac.update(&[0]),
                Some(Value::Number(number)) => fixed(&mut mac, 1, number.to_le_bytes()),
                Some(Value::Integer(integer)) => fixed(&mut mac, 2, integer.to_le_bytes()),
                Some(Value::Boolean(value)) => mac.update(&[3, u8::from(*value)]),
                Some(Value::Category(text)) => open(&mut mac, 4, text.as_bytes()),
                Some(Value::Text(text)) => open(&mut mac, 5, text.as_bytes()),
                // Type and shape are the schema's.
                Some(Value::Tensor(tensor)) => open(&mut mac, 6, &tensor.bytes),
            }
        }
        let mut key = [0; KEY_BYTES];
        key.copy_from_slice(&mac.finalize().into_bytes()[..KEY_BYTES]);
        key
    }
}

/// Seals the bytes of a file.
pub(super) fn seal(key: &HashKey, digest: &str, bytes: &[u8]) -> Hmac<Sha256> {
    let mut mac = keyed(key, "dunlin answers, sealed 1", digest);
    mac.update(bytes);
    mac
}

fn keyed(key: &HashKey, purpose: &str, digest: &str) -> Hmac<Sha256> {
    // HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).unwrap_or_else(|_| unreachable!("any length"));
    for word in [purpose, digest] {
        open(&mut mac, 0, word.as_bytes());
    }
    mac
}

fn fixed(mac: &mut Hmac<Sha256>, kind: u8, bytes: [u8; 8]) {
    let mut written = [kind; 9];
    written[1..].copy_from_slice(&bytes);
    mac.update(&written);
}

fn open(mac: &mut Hmac<Sha256>, kind: u8, bytes: &[u8]) {
    fixed(mac, kind, (bytes.len() as u64).to_le_bytes());
    mac.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_differ_in_anything_have_other_keys_and_so_have_other_models_and_installations() {
        let (here, elsewhere) = (HashKey::random(), HashKey::random());
        let text = |text: &str| Some(Value::Text(text.to_owned().into()));
        let records = [
            vec![text("ab"), text("c")],
            vec![text("a"), text("bc")],
            vec![text("abc"), None],
            vec![None, text("abc")],
            vec![Some(Value::Category("ab".into())), text("c")],
            vec![Some(1.0.into()), None],
            vec![Some(1_i64.into()), None],
            vec![Some(true.into()), None],
            vec![Some(0.0.into()), None],
            vec![Some((-0.0).into()), None],
            vec![None, None],
        ];
        let records: Vec<Record<'_>> = records.into_iter().map(Record::new).collect();
        let makers = [Keys::new(&here, "a"), Keys::new(&here, "b"), Keys::new(&elsewhere, "a")];
        let mut keys: Vec<Key> = makers.iter().flat_map(|keys| records.iter().map(|record| keys.of(record))).collect();
        assert_eq!(keys[0], Keys::new(&here, "a").of(&records[0]), "the same again");
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 3 * records.len());
    }
}
