//! A record while C fills it: values that it owns, and the first thing that went wrong.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use dunlin::schema::{Feature, FeatureType, Schema};
use dunlin::{DType, FeatureError, Record, TensorValue, Value};

use crate::failure::Failure;
use crate::slab::Slab;

pub(crate) static RECORDS: Slab<Mutex<Draft>> = Slab::new("record", 3);

/// A record being filled. After a set that failed it is refused until it is cleared: else a caller who overlooks a status
/// would get an answer to a record with an imputed value in the place of theirs.
pub(crate) struct Draft {
    pub(crate) schema: Arc<Schema>,
    pub(crate) record: Record<'static>,
    pub(crate) trouble: Option<Trouble>,
}

/// What went wrong with a set.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The schema refuses it.
    Feature(FeatureError),
    /// The call was wrong.
    Call(Failure),
}

impl Draft {
    pub(crate) fn new(schema: Arc<Schema>) -> Self {
        let record = Record::empty(&schema);
        Self { schema, record, trouble: None }
    }

    /// Takes every value out, and the trouble.
    pub(crate) fn clear(&mut self) {
        (self.record, self.trouble) = (Record::empty(&self.schema), None);
    }

    /// Makes a change and remembers the first that failed.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Self) -> Result<(), Trouble>) -> Result<(), Failure> {
        change(self).map_err(|trouble| {
            self.trouble.get_or_insert_with(|| trouble.clone());
            trouble.into()
        })
    }

    pub(crate) fn set(&mut self, feature: &str, value: impl Into<Value<'static>>) -> Result<(), Trouble> {
        self.record.set(&self.schema, feature, value)?;
        Ok(())
    }

    /// Replaces every value by those of a JSON object.
    pub(crate) fn set_json(&mut self, text: &str) -> Result<(), Trouble> {
        self.record = Record::from_json_str(&self.schema, text)?;
        Ok(())
    }
}

/// The tensor feature of a name, if so many bytes are what it takes: looked at before the bytes are.
pub(crate) fn tensor_feature<'a>(schema: &'a Schema, name: &str, found_bytes: usize) -> Result<&'a Feature, Trouble> {
    let feature = schema.feature.iter().find(|feature| feature.name == name);
    let feature = feature.ok_or_else(|| FeatureError::Unknown { feature: name.to_owned() })?;
    let (name, expected) = (|| feature.name.clone(), feature.kind);
    if expected != FeatureType::Tensor {
        return Err(FeatureError::WrongType { feature: name(), expected, found: "tensor" }.into());
    }
    let dtype = feature.dtype.unwrap_or(DType::F32);
    let expected_bytes = feature.tensor_sizes().into_iter().fold(dtype.size_bytes(), usize::saturating_mul);
    if found_bytes != expected_bytes {
        let (expected, found) = (dtype, dtype);
        return Err(
            FeatureError::WrongElements { feature: name(), expected, expected_bytes, found, found_bytes }.into()
        );
    }
    Ok(feature)
}

/// Elements as the value of a feature.
pub(crate) fn tensor<'a>(feature: &Feature, bytes: Cow<'a, [u8]>) -> Value<'a> {
    let (dtype, shape) = (feature.dtype.unwrap_or(DType::F32), Cow::Owned(feature.tensor_sizes()));
    Value::Tensor(TensorValue { dtype, shape, bytes })
}

/// A value that borrows from another.
pub(crate) fn borrowed<'a>(value: &'a Value<'static>) -> Value<'a> {
    match value {
        Value::Number(number) => Value::Number(*number),
        Value::Integer(integer) => Value::Integer(*integer),
        Value::Boolean(boolean) => Value::Boolean(*boolean),
        Value::Category(level) => Value::Category(Cow::Borrowed(level)),
        Value::Text(text) => Value::Text(Cow::Borrowed(text)),
        Value::Tensor(TensorValue { dtype, shape, bytes }) => {
            let (shape, bytes) = (Cow::Borrowed(&**shape), Cow::Borrowed(&**bytes));
            Value::Tensor(TensorValue { dtype: *dtype, shape, bytes })
        }
    }
}

impl From<FeatureError> for Trouble {
    fn from(error: FeatureError) -> Self {
        Self::Feature(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Call(failure)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Feature(error) => error.into(),
            Trouble::Call(failure) => failure,
        }
    }
}
