//! A record in the making: values by name, checked against a session's schema when it is predicted from.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dunlin::schema::Schema;
use dunlin::{DType, FeatureError, Record, TensorValue, Value};

/// What the app wants an answer for. Give each feature by its name, in any order; of two values of one name the last stands.
/// A builder belongs to no session: it may be used again, and with another.
#[derive(Default, uniffi::Object)]
pub struct RecordBuilder {
    given: Mutex<Given>,
}

/// What was given so far.
#[derive(Default)]
pub(crate) struct Given {
    json: Option<String>,
    values: Vec<(String, GivenValue)>,
}

/// One value; a tensor's element type and shape are the schema's to say.
enum GivenValue {
    Plain(Value<'static>),
    Tensor(Vec<u8>),
}

#[uniffi::export]
impl RecordBuilder {
    /// A record without any value yet.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a real number.
    pub fn number(&self, name: String, value: f64) {
        self.set(name, GivenValue::Plain(Value::Number(value)));
    }

    /// Gives a whole number.
    pub fn integer(&self, name: String, value: i64) {
        self.set(name, GivenValue::Plain(Value::Integer(value)));
    }

    /// Gives true or false.
    pub fn boolean(&self, name: String, value: bool) {
        self.set(name, GivenValue::Plain(Value::Boolean(value)));
    }

    /// Gives a level of a category.
    pub fn category(&self, name: String, level: String) {
        self.set(name, GivenValue::Plain(Value::Category(Cow::Owned(level))));
    }

    /// Gives a text.
    pub fn text(&self, name: String, text: String) {
        self.set(name, GivenValue::Plain(Value::Text(Cow::Owned(text))));
    }

    /// Gives a tensor: its elements, little-endian and row-major, of the schema's element type and shape.
    pub fn tensor(&self, name: String, elements: Vec<u8>) {
        self.set(name, GivenValue::Tensor(elements));
    }

    /// Gives a whole record as one JSON object, by the schema's types; values given by name go before it.
    pub fn json(&self, text: String) {
        self.given().json = Some(text);
    }
}

impl RecordBuilder {
    fn set(&self, name: String, value: GivenValue) {
        self.given().values.push((name, value));
    }

    /// What was given so far; nobody else can add to it meanwhile.
    pub(crate) fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Given {
    /// The record of a schema; it borrows from here alone.
    pub(crate) fn record(&self, schema: &Schema) -> Result<Record<'_>, FeatureError> {
        let mut record = match &self.json {
            Some(text) => Record::from_json_str(schema, text)?,
            None => Record::empty(schema),
        };
        for (name, value) in &self.values {
            record.set(schema, name, value.borrow(schema, name))?;
        }
        Ok(record)
    }
}

impl GivenValue {
    fn borrow(&self, schema: &Schema, name: &str) -> Value<'_> {
        match self {
            Self::Plain(Value::Category(level)) => Value::Category(Cow::Borrowed(level)),
            Self::Plain(Value::Text(text)) => Value::Text(Cow::Borrowed(text)),
            Self::Plain(other) => other.clone(),
            Self::Tensor(bytes) => Value::Tensor(tensor(schema, name, bytes)),
        }
    }
}

/// Bytes as the tensor that the schema says they are. What the schema does not know as a tensor, its check refuses.
fn tensor<'a>(schema: &Schema, name: &str, bytes: &'a [u8]) -> TensorValue<'a> {
    let feature = schema.feature.iter().find(|feature| feature.name == name);
    let dtype = feature.and_then(|feature| feature.dtype).unwrap_or(DType::F32);
    let shape = feature.map(dunlin::schema::Feature::tensor_sizes).unwrap_or_default();
    TensorValue { dtype, shape: Cow::Owned(shape), bytes: Cow::Borrowed(bytes) }
}
