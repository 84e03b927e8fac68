//! How JSON lines are read.

use std::io::{self, BufRead, Read};

use dunlin::journal::Scalar;
use dunlin::schema::Schema;
use dunlin::{FeatureError, Record};
use serde_json::{Map, Value as Json};

use crate::{Each, LABEL, Row, RowError, Wanted, key_text};

/// Longest line that is read: beyond it the file is no list of records.
const MAX_LINE_BYTES: u64 = 16 << 20;
/// What some editors put before the text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads JSON lines; empty lines are passed over.
///
/// # Errors
/// Those of reading, of `each`, and a line of more than 16 MiB.
pub fn rows(wanted: Wanted<'_>, mut reader: impl BufRead, each: Each<'_>) -> io::Result<()> {
    let mut skip = wanted.skip;
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if bytes.len() as u64 == MAX_LINE_BYTES {
            return Err(io::Error::other(format!("line {line} is longer than {MAX_LINE_BYTES} bytes")));
        }
        let text = if line == 1 { bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes) } else { &bytes };
        if text.trim_ascii().is_empty() {
            continue;
        }
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let (key, record) = row(wanted, text);
        each(Row { line, key, record })?;
    }
    Ok(())
}

/// A record and its label, or what is wrong.
type Found = Result<(Record<'static>, Option<Scalar>), RowError>;

fn row(wanted: Wanted<'_>, bytes: &[u8]) -> (Option<String>, Found) {
    let mut object: Map<String, Json> = match serde_json::from_slice(bytes) {
        Ok(object) => object,
        Err(error) => return (None, Err(FeatureError::not_an_object(&error).into())),
    };
    let key = wanted.key.and_then(|name| take_key(wanted.schema, name, &mut object)).and_then(key_text);
    (key, record(wanted.schema, object))
}

/// The key's value; what is no feature does not stay in the record. Beside "record" it stands outside of it.
fn take_key(schema: &Schema, name: &str, object: &mut Map<String, Json>) -> Option<Json> {
    let inner = if is_labelled(schema, object) { object.get("record").and_then(|r| r.get(name)) } else { None };
    if let Some(value) = inner.filter(|_| schema.position(name).is_some()) {
        return Some(value.clone());
    }
    if schema.position(name).is_some() { object.get(name).cloned() } else { object.remove(name) }
}

fn is_labelled(schema: &Schema, object: &Map<String, Json>) -> bool {
    schema.position("record").is_none() && object.get("record").is_some_and(Json::is_object)
}

fn record(schema: &Schema, mut object: Map<String, Json>) -> Found {
    if !is_labelled(schema, &object) {
        return Ok((Record::from_json(schema, &object)?, None));
    }
    let label = match object.remove(LABEL) {
        None | Some(Json::Null) => None,
        Some(label) => Some(
            serde_json::from_value(label)
                .map_err(|_| RowError::new("wrong_label", "the label must be a number, a text or a boolean"))?,
        ),
    };
    let record = object.remove("record").and_then(|record| record.as_object().cloned()).unwrap_or_default();
    if let Some(stranger) = object.keys().next() {
        let message =
            format!("'{stranger}' stands beside \"record\", where only \"{LABEL}\" may stand; correct its name");
        return Err(RowError::new("unknown_key", message));
    }
    Ok((Record::from_json(schema, &record)?, label))
}
