//! Records as JSON objects: read by the schema's types, written so that reading gives the same record.

use std::borrow::Cow;

use dunlin_bundle::schema::{Feature, FeatureType, Schema};
use dunlin_bundle::tensor::DType;
use serde_json::{Map, Value as Json};

use crate::error::FeatureError;
use crate::record::Record;
use crate::value::{TensorValue, Value};

impl Record<'static> {
    /// Reads a record from the text of one JSON object. An absent or `null` feature is missing; a `null` element of a
    /// tensor is NaN, which the check then refuses by name.
    ///
    /// # Errors
    /// [`FeatureError`] when the text is no object, a name is not in the schema, or a value is not of its type.
    pub fn from_json_str(schema: &Schema, text: &str) -> Result<Self, FeatureError> {
        let object: Map<String, Json> = serde_json::from_str(text).map_err(|e| FeatureError::not_an_object(&e))?;
        Self::from_json(schema, &object)
    }

    /// Reads a record from a JSON object.
    ///
    /// # Errors
    /// As [`Record::from_json_str`].
    pub fn from_json(schema: &Schema, object: &Map<String, Json>) -> Result<Self, FeatureError> {
        let mut record = Self::empty(schema);
        for (name, json) in object {
            let position = schema.position(name).ok_or_else(|| FeatureError::Unknown { feature: name.clone() })?;
            if !json.is_null() {
                record.set(schema, name, read_value(&schema.feature[position], json)?)?;
            }
        }
        Ok(record)
    }
}

impl Record<'_> {
    /// The record as a JSON object; missing features are left out.
    #[must_use]
    pub fn to_json(&self, schema: &Schema) -> Map<String, Json> {
        let pairs = schema.feature.iter().zip(self.values());
        pairs.filter_map(|(f, v)| Some((f.name.clone(), write_value(v.as_ref()?)))).collect()
    }
}

/// Reads one value by the type that its feature has.
pub(crate) fn read_value(feature: &Feature, json: &Json) -> Result<Value<'static>, FeatureError> {
    let value = match feature.kind {
        FeatureType::Number => json.as_f64().map(Value::Number),
        FeatureType::Integer => whole_number(json).map(Value::Integer),
        FeatureType::Category => json.as_str().map(|s| Value::Category(Cow::Owned(s.to_owned()))),
        FeatureType::Boolean => json.as_bool().map(Value::Boolean),
        FeatureType::Text => json.as_str().map(|s| Value::Text(Cow::Owned(s.to_owned()))),
        FeatureType::Tensor => return read_tensor(feature, json),
    };
    value.ok_or_else(|| wrong_type(feature, json))
}

fn wrong_type(feature: &Feature, json: &Json) -> FeatureError {
    let found = match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    FeatureError::WrongType { feature: feature.name.clone(), expected: feature.kind, found }
}

/// A JSON number without a fraction; 3.0 is whole.
fn whole_number(json: &Json) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    json.as_i64().or_else(|| json.as_f64().filter(|v| v.fract() == 0.0 && v.abs() <= EXACT).map(|v| v as i64))
}

fn read_tensor(feature: &Feature, json: &Json) -> Result<Value<'static>, FeatureError> {
    let dtype = feature.dtype.unwrap_or(DType::F32);
    let expected = feature.tensor_sizes();
    let mut bytes =
        Vec::with_capacity(dunlin_bundle::tensor::element_count(&expected).unwrap_or(0) * dtype.size_bytes());
    let fits = read_nested(json, &expected, dtype, &mut bytes).ok_or_else(|| wrong_type(feature, json))?;
    if !fits {
        return Err(FeatureError::WrongShape { feature: feature.name.clone(), expected, found: nested_shape(json) });
    }
    Ok(Value::Tensor(TensorValue { dtype, shape: Cow::Owned(expected), bytes: Cow::Owned(bytes) }))
}

/// Appends nested arrays of exactly this shape; `Some(false)` when the shape differs, `None` when an element is no number
/// of the element type.
fn read_nested(json: &Json, shape: &[usize], dtype: DType, bytes: &mut Vec<u8>) -> Option<bool> {
    let Some((&size, inner)) = shape.split_first() else { return write_element(json, dtype, bytes) };
    let Json::Array(items) = json else { return Some(false) };
    if items.len() != size {
        return Some(false);
    }
    for item in items {
        if !read_nested(item, inner, dtype, bytes)? {
            return Some(false);
        }
    }
    Some(true)
}

fn write_element(json: &Json, dtype: DType, bytes: &mut Vec<u8>) -> Option<bool> {
    if json.is_array() {
        return Some(false);
    }
    match dtype {
        DType::F32 | DType::F16 => {
            let value = if json.is_null() { f64::NAN } else { json.as_f64()? };
            match dtype {
                DType::F32 => bytes.extend((value as f32).to_le_bytes()),
                _ => bytes.extend(half::f16::from_f64(value).to_le_bytes()),
            }
        }
        DType::Bool => bytes.push(u8::from(json.as_bool()?)),
        DType::I8 => bytes.extend(i8::try_from(whole_number(json)?).ok()?.to_le_bytes()),
        DType::U8 => bytes.extend(u8::try_from(whole_number(json)?).ok()?.to_le_bytes()),
        DType::I32 => bytes.extend(i32::try_from(whole_number(json)?).ok()?.to_le_bytes()),
        DType::I64 => bytes.extend(whole_number(json)?.to_le_bytes()),
    }
    Some(true)
}

/// The shape of nested arrays, judged by their first items; for messages.
fn nested_shape(json: &Json) -> Vec<usize> {
    let mut shape = Vec::new();
    let mut level = json;
    while let Json::Array(items) = level {
        shape.push(items.len());
        match items.first() {
            Some(first) => level = first,
            None => break,
        }
    }
    shape
}

fn write_value(value: &Value<'_>) -> Json {
    match value {
        Value::Number(v) => Json::from(*v),
        Value::Integer(v) => Json::from(*v),
        Value::Category(v) | Value::Text(v) => Json::from(v.as_ref()),
        Value::Boolean(v) => Json::from(*v),
        Value::Tensor(v) => write_nested(v.dtype, &v.shape, &mut v.elements()),
    }
}

fn write_nested(dtype: DType, shape: &[usize], elements: &mut dyn Iterator<Item = f64>) -> Json {
    match shape.split_first() {
        Some((&size, inner)) => (0..size).map(|_| write_nested(dtype, inner, elements)).collect(),
        None => {
            let value = elements.next().unwrap_or(f64::NAN);
            match dtype {
                DType::F32 | DType::F16 => Json::from(value),
                DType::Bool => Json::from(value != 0.0),
                DType::I8 | DType::U8 | DType::I32 | DType::I64 => Json::from(value as i64),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schema() -> Schema {
        serde_json::from_value(serde_json::json!({
            "feature": [
                {"name": "n", "type": "NUMBER"}, {"name": "i", "type": "INTEGER"}, {"name": "c", "type": "CATEGORY"},
                {"name": "b", "type": "BOOLEAN"}, {"name": "t", "type": "TEXT"},
                {"name": "x", "type": "TENSOR", "dtype": "F32", "shape": {"dim": [{"size": 2}, {"size": 2}]}},
                {"name": "y", "type": "TENSOR", "dtype": "U8", "shape": {"dim": [{"size": 3}]}}
            ],
            "output": []
        }))
        .expect("the schema is well formed")
    }

    fn refused(text: &str) -> FeatureError {
        Record::from_json_str(&schema(), text).expect_err("the record is wrong")
    }

    #[test]
    fn a_wrong_record_is_refused_by_the_name_of_its_feature() {
        assert_eq!(refused("[1]").code(), "not_an_object");
        assert_eq!(refused(r#"{"z": 1}"#), FeatureError::Unknown { feature: "z".into() });
        for (text, feature) in [
            (r#"{"n": "1"}"#, "n"),
            (r#"{"i": 1.5}"#, "i"),
            (r#"{"c": 1}"#, "c"),
            (r#"{"b": 1}"#, "b"),
            (r#"{"t": []}"#, "t"),
            (r#"{"x": [[1, "a"], [3, 4]]}"#, "x"),
            (r#"{"y": [1, 2, 256]}"#, "y"),
        ] {
            let error = refused(text);
            assert_eq!((error.code(), error.feature()), ("wrong_type", Some(feature)), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_object_is_not_repeated_in_the_message() {
        for text in [r#""4929123456789012""#, r#"{"n": 4929123456789012"#, r#"{"n": 4929x}"#] {
            let message = refused(text).to_string();
            assert!(message.contains("line 1") && !message.contains("4929"), "{message}");
        }
    }

    #[test]
    fn a_tensor_of_another_shape_is_refused_with_both_shapes() {
        let found = |text| match refused(text) {
            FeatureError::WrongShape { found, .. } => found,
            other => panic!("{other}"),
        };
        assert_eq!(found(r#"{"x": [1, 2, 3, 4]}"#), [4]);
        assert_eq!(found(r#"{"x": [[1, 2]]}"#), [1, 2]);
        assert_eq!(found(r#"{"x": [[1, 2], [[3], 4]]}"#), [2, 2]);
        assert_eq!(found(r#"{"x": []}"#), [0]);
    }

    proptest! {
        #[test]
        fn writing_and_reading_give_the_same_record(
            n in -1e300..1e300, i: i64, c in ".*", b: bool, t in ".*",
            x in prop::array::uniform4(-1e30f32..1e30), y in prop::array::uniform3(any::<u8>()),
        ) {
            let y = TensorValue { dtype: DType::U8, shape: Cow::Owned(vec![3]), bytes: Cow::Owned(y.to_vec()) };
            let record = Record::new(vec![
                Some(Value::Number(n)), Some(Value::Integer(i)), Some(Value::Category(c.into())),
                Some(Value::Boolean(b)), Some(Value::Text(t.into())),
                Some(TensorValue::from_f32(&[2, 2], &x).into()), Some(y.into()),
            ]);
            let text = serde_json::to_string(&record.to_json(&schema())).expect("JSON is writable");
            prop_assert_eq!(Record::from_json_str(&schema(), &text), Ok(record));
        }
    }
}
