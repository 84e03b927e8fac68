//! What the journal may keep of a record: applied before a row exists, so that a value that may not be kept never
//! reaches the ring, the disk or a crash dump of either.
//!
//! | class    | scalar                                 | tensor                                                     |
//! |----------|----------------------------------------|------------------------------------------------------------|
//! | `plain`  | the value                              | its declared scalars; all elements too if it has at most [`TINY_TENSOR`] |
//! | `hash`   | a hash keyed by this installation      | the same, over the elements' bytes                         |
//! | `bucket` | the number of its reference bin        | the bin of each declared scalar                            |
//! | `drop`   | nothing                                | nothing                                                    |
//!
//! A missing value is kept as `null` under every class but `drop`. Where a bin is not known nothing is kept: the class
//! is a promise, and a promise is not kept by guessing.

use dunlin_bundle::schema::{Feature, FeatureType, PrivacyClass, TensorScalar};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::ids::{SubjectHash, random_bytes};

/// A plain tensor of at most this many elements is kept whole; a larger one as its declared scalars. Sixteen numbers
/// are about the size of the rest of a row.
pub const TINY_TENSOR: usize = 16;

/// The secret of this installation under which values and subjects are hashed.
///
/// It never leaves the device, so the same value hashes differently on every device, and a list of likely values cannot
/// be tried against an uploaded hash.
#[derive(Clone)]
pub struct HashKey(pub(crate) [u8; 32]);

/// One feature's value as the caller saw it.
#[derive(Clone, Debug)]
pub enum Observed<'a> {
    /// The record does not hold the feature.
    Missing,
    /// A number, integer, category, boolean or text.
    Scalar {
        /// The value in the JSON form of its type.
        value: &'a Value,
        /// The reference bin that it falls in, where the feature has bins.
        bin: Option<usize>,
    },
    /// A tensor.
    Tensor {
        /// Its elements, as numbers; needed only if it has at most [`TINY_TENSOR`].
        elements: Option<&'a [f64]>,
        /// Its elements, as little-endian bytes; needed only for the class `hash`.
        bytes: &'a [u8],
        /// Its declared scalars.
        readings: &'a [Reading],
    },
}

/// One declared scalar of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Which scalar.
    pub scalar: TensorScalar,
    /// Its value.
    pub value: f64,
    /// The reference bin that it falls in, where it has bins.
    pub bin: Option<usize>,
}

/// The JSON text that a row may keep of a record, or `None` when nothing may be kept.
#[must_use]
pub fn keep<'a>(key: &HashKey, record: impl IntoIterator<Item = (&'a Feature, Observed<'a>)>) -> Option<String> {
    let kept: Map<String, Value> = record
        .into_iter()
        .filter_map(|(feature, observed)| Some((feature.name.clone(), keep_one(key, feature, &observed)?)))
        .collect();
    (!kept.is_empty()).then(|| Value::Object(kept).to_string())
}

/// What may be kept of one feature.
fn keep_one(key: &HashKey, feature: &Feature, observed: &Observed<'_>) -> Option<Value> {
    match (feature.privacy, observed) {
        (PrivacyClass::Drop, _) => None,
        (_, Observed::Missing) => Some(Value::Null),
        (PrivacyClass::Plain, Observed::Scalar { value, .. }) => Some((*value).clone()),
        (PrivacyClass::Hash, Observed::Scalar { value, .. }) => {
            Some(key.hash_value(&feature.name, canonical(feature.kind, value).as_bytes()))
        }
        (PrivacyClass::Bucket, Observed::Scalar { bin, .. }) => bin.map(Value::from),
        (PrivacyClass::Plain, Observed::Tensor { elements, readings, .. }) => plain_tensor(*elements, readings),
        (PrivacyClass::Hash, Observed::Tensor { bytes, .. }) => Some(key.hash_value(&feature.name, bytes)),
        (PrivacyClass::Bucket, Observed::Tensor { readings, .. }) => {
            object(readings.iter().filter_map(|r| Some((r.scalar, r.bin?.into()))))
        }
    }
}

/// A tensor's scalars, and its elements if they are few.
fn plain_tensor(elements: Option<&[f64]>, readings: &[Reading]) -> Option<Value> {
    let elements = elements.filter(|e| e.len() <= TINY_TENSOR);
    let scalars = object(readings.iter().map(|r| (r.scalar, r.value.into())));
    let Some(elements) = elements else { return scalars };
    let mut kept = match scalars {
        Some(Value::Object(kept)) => kept,
        _ => Map::new(),
    };
    kept.insert("elements".to_owned(), elements.into());
    Some(Value::Object(kept))
}

/// An object keyed by the scalars' names; `None` when it would be empty.
fn object(fields: impl Iterator<Item = (TensorScalar, Value)>) -> Option<Value> {
    let fields: Map<String, Value> = fields.map(|(scalar, value)| (scalar.name().to_owned(), value)).collect();
    (!fields.is_empty()).then_some(Value::Object(fields))
}

/// One spelling for equal values: the number 3 of a NUMBER feature hashes alike whether it came as `3` or `3.0`.
fn canonical(kind: FeatureType, value: &Value) -> String {
    match (kind, value.as_f64()) {
        (FeatureType::Number, Some(number)) => Value::from(number + 0.0).to_string(),
        _ => value.to_string(),
    }
}

impl HashKey {
    /// A new key from the system's generator.
    #[must_use]
    pub fn random() -> Self {
        Self(random_bytes())
    }

    /// The hash of a person's id, as the app knows it; the same for the life of the installation.
    ///
    /// ```
    /// use dunlin::privacy::HashKey;
    ///
    /// let (here, elsewhere) = (HashKey::random(), HashKey::random());
    /// assert_eq!(here.subject("ada"), here.subject("ada"));
    /// assert_ne!(here.subject("ada"), elsewhere.subject("ada"));
    /// ```
    #[must_use]
    pub fn subject(&self, subject: &str) -> SubjectHash {
        SubjectHash(self.mac("subject", "", subject.as_bytes()))
    }

    /// Bits of this installation's own for a trial, by which its records and subjects are shared out.
    pub(crate) fn salt(&self, challenger: &str) -> u64 {
        u64::from_le_bytes(self.mac("trial", "", challenger.as_bytes()))
    }

    /// The hash kept of a feature's value. The feature's name goes into it, so that equal values of two features
    /// cannot be told to be equal.
    fn hash_value(&self, feature: &str, value: &[u8]) -> Value {
        self.mac("feature", feature, value).iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
    }

    /// HMAC-SHA-256 (RFC 2104) over length-prefixed fields, cut to 64 bits: enough to tell apart the values that one
    /// device sees, too short to be a fingerprint of anything large.
    fn mac(&self, domain: &str, name: &str, value: &[u8]) -> [u8; 8] {
        // HMAC takes a key of any length; ours is 32 bytes, the error cannot occur.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { unreachable!("HMAC takes any key") };
        for field in [domain.as_bytes(), name.as_bytes(), value] {
            mac.update(&(field.len() as u64).to_le_bytes());
            mac.update(field);
        }
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }
}

impl std::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashKey(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn feature(kind: &str, privacy: &str) -> Feature {
        serde_json::from_value(json!({"name": "x", "type": kind, "privacy": privacy})).unwrap()
    }

    fn kept(feature: &Feature, observed: Observed<'_>) -> Option<Value> {
        keep(&HashKey([7; 32]), [(feature, observed)]).map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn a_scalar_is_kept_as_its_class_allows() {
        let value = json!(41.5);
        let observed = || Observed::Scalar { value: &value, bin: Some(3) };
        assert_eq!(kept(&feature("NUMBER", "plain"), observed()), Some(json!({"x": 41.5})));
        assert_eq!(kept(&feature("NUMBER", "bucket"), observed()), Some(json!({"x": 3})));
        assert_eq!(kept(&feature("NUMBER", "drop"), observed()), None);
        let hashed = kept(&feature("NUMBER", "hash"), observed()).unwrap();
        assert_eq!(hashed["x"].as_str().map(str::len), Some(16));
    }

    #[test]
    fn a_feature_that_declares_nothing_is_dropped() {
        let undeclared: Feature = serde_json::from_value(json!({"name": "x", "type": "TEXT"})).unwrap();
        assert_eq!(kept(&undeclared, Observed::Scalar { value: &json!("secret"), bin: None }), None);
        assert_eq!(kept(&undeclared, Observed::Missing), None);
    }

    #[test]
    fn a_bucket_without_bins_keeps_nothing_rather_than_the_value() {
        let value = json!("rare level");
        assert_eq!(kept(&feature("CATEGORY", "bucket"), Observed::Scalar { value: &value, bin: None }), None);
    }

    #[test]
    fn equal_numbers_hash_alike_however_they_are_written() {
        let number = feature("NUMBER", "hash");
        let hash = |value: Value| kept(&number, Observed::Scalar { value: &value, bin: None });
        assert_eq!(hash(json!(3)), hash(json!(3.0)));
        assert_eq!(hash(json!(0.0)), hash(json!(-0.0)));
        assert_ne!(hash(json!(3)), hash(json!(4)));
    }

    #[test]
    fn a_hash_depends_on_the_key_and_on_the_feature() {
        let value = json!("same");
        let (mut one, mut two) = (feature("TEXT", "hash"), feature("TEXT", "hash"));
        one.name = "one".into();
        two.name = "two".into();
        let observed = || Observed::Scalar { value: &value, bin: None };
        let text = keep(&HashKey([1; 32]), [(&one, observed()), (&two, observed())]).unwrap();
        let kept: Value = serde_json::from_str(&text).unwrap();
        assert_ne!(kept["one"], kept["two"]);
        assert_ne!(keep(&HashKey([2; 32]), [(&one, observed())]), keep(&HashKey([1; 32]), [(&one, observed())]));
    }

    #[test]
    fn a_large_plain_tensor_is_kept_as_its_scalars_and_a_tiny_one_whole() {
        let tensor = feature("TENSOR", "plain");
        let readings = [Reading { scalar: TensorScalar::Mean, value: 0.5, bin: Some(2) }];
        let large = vec![0.25; TINY_TENSOR + 1];
        let observed = |elements| Observed::Tensor { elements, bytes: &[], readings: &readings };
        assert_eq!(kept(&tensor, observed(Some(&large))), Some(json!({"x": {"mean": 0.5}})));
        assert_eq!(kept(&tensor, observed(None)), Some(json!({"x": {"mean": 0.5}})));
        assert_eq!(
            kept(&tensor, observed(Some(&large[..2]))),
            Some(json!({"x": {"mean": 0.5, "elements": [0.25, 0.25]}}))
        );
        assert_eq!(kept(&feature("TENSOR", "bucket"), observed(Some(&large))), Some(json!({"x": {"mean": 2}})));
    }

    #[test]
    fn neither_a_key_nor_its_debug_form_shows_the_secret() {
        assert_eq!(format!("{:?}", HashKey([9; 32])), "HashKey(secret)");
    }

    #[test]
    fn the_hash_is_hmac_sha256_over_length_prefixed_fields() {
        // Independently: HMAC-SHA-256 with key 07 x 32 over 7le64 "subject" 0le64 "" 3le64 "ada", first eight bytes.
        assert_eq!(HashKey([7; 32]).subject("ada").to_string(), "2ee58968ef26e3ea");
    }
}
