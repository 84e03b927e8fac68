//! JSON from hostile hands: depth and repeated keys are checked before any value is built.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::BundleError;
use crate::limits::MAX_JSON_DEPTH;

/// Parses one JSON text of an entry that starts at a line (from 1).
pub(crate) fn parse<T: DeserializeOwned>(entry: &str, first_line: usize, text: &[u8]) -> Result<T, BundleError> {
    check_depth(entry, text)?;
    let fault = |error: serde_json::Error| BundleError::Json {
        entry: entry.to_owned(),
        line: first_line + error.line().saturating_sub(1),
        column: error.column(),
        problem: without_position(&error),
    };
    let mut scan = serde_json::Deserializer::from_slice(text);
    UniqueKeys.deserialize(&mut scan).map_err(fault)?;
    serde_json::from_slice(text).map_err(fault)
}

/// Refuses nesting deeper than [`MAX_JSON_DEPTH`].
fn check_depth(entry: &str, text: &[u8]) -> Result<(), BundleError> {
    let depth = depth(text);
    if depth <= MAX_JSON_DEPTH {
        return Ok(());
    }
    let (value, max) = (depth as u64, MAX_JSON_DEPTH as u64);
    Err(BundleError::Limit { entry: entry.to_owned(), limit: "MAX_JSON_DEPTH", value, max })
}

/// How deeply a text nests: counts brackets outside strings, whether or not the rest is JSON.
pub(crate) fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Refuses an object that has the same key twice, at any depth: two readers could see two different values.
pub(crate) fn check_unique_keys(text: &[u8]) -> Result<(), String> {
    UniqueKeys.deserialize(&mut serde_json::Deserializer::from_slice(text)).map_err(|e| without_position(&e))
}

/// What serde_json says, without the position that the error carries apart.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(problem, _)| problem.to_owned())
}

struct UniqueKeys;

impl<'de> DeserializeSeed<'de> for UniqueKeys {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key_seed(Key)? {
            if seen.contains(&key) {
                return Err(serde::de::Error::custom(format!("key `{}` comes twice", key.escape_debug())));
            }
            seen.insert(key);
            map.next_value_seed(UniqueKeys)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(UniqueKeys)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key as it stands in the text, copied only where it has escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
