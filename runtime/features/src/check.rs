//! The check that every record passes before anything is computed from it.

use dunlin_bundle::schema::{Feature, FloatDomain, MissingPolicy, Schema, StringDomain, UnseenPolicy};
use dunlin_bundle::tensor::{DType, element_count};

use crate::elements::{all_finite, all_within};
use crate::error::FeatureError;
use crate::json::read_value;
use crate::record::Record;
use crate::value::{TensorValue, Value};

/// A schema made ready to check records: its substitutes for missing values are themselves checked, once.
#[derive(Clone, Debug)]
pub struct RecordSchema {
    schema: Schema,
    substitutes: Vec<Option<Value<'static>>>,
}

/// A record that passed the check. Every value is of its type and within its domain; nothing later checks again.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    values: Vec<&'a Value<'a>>,
    imputed: Vec<usize>,
}

impl RecordSchema {
    /// Prepares a schema.
    ///
    /// # Errors
    /// [`FeatureError`] when the value that a missing policy substitutes would itself be refused.
    pub fn new(schema: Schema) -> Result<Self, FeatureError> {
        let substitutes = schema.feature.iter().map(substitute).collect::<Result<_, _>>()?;
        Ok(Self { schema, substitutes })
    }

    /// The schema itself.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Checks a record: every feature there or imputed, of its type, finite, of its shape, within its domain.
    ///
    /// # Errors
    /// [`FeatureError`] naming the first feature, in schema order, that is wrong.
    pub fn check<'a>(&'a self, record: &'a Record<'a>) -> Result<Input<'a>, FeatureError> {
        let (expected, found) = (self.schema.feature.len(), record.values().len());
        if expected != found {
            return Err(FeatureError::WrongLength { expected, found });
        }
        let mut input = Input { values: Vec::with_capacity(expected), imputed: Vec::new() };
        for (i, (feature, value)) in self.schema.feature.iter().zip(record.values()).enumerate() {
            let value = match (value, &self.substitutes[i]) {
                (Some(value), _) => {
                    check_value(feature, value)?;
                    value
                }
                (None, Some(substitute)) => {
                    input.imputed.push(i);
                    substitute
                }
                (None, None) => return Err(FeatureError::Missing { feature: feature.name.clone() }),
            };
            input.values.push(value);
        }
        Ok(input)
    }
}

impl<'a> Input<'a> {
    /// The value of the feature at a position of the schema.
    #[must_use]
    pub fn value(&self, position: usize) -> Option<&'a Value<'a>> {
        self.values.get(position).copied()
    }

    /// Positions of the features that were missing and had a value substituted.
    #[must_use]
    pub fn imputed(&self) -> &[usize] {
        &self.imputed
    }
}

fn substitute(feature: &Feature) -> Result<Option<Value<'static>>, FeatureError> {
    let MissingPolicy::Impute { value } = &feature.missing else { return Ok(None) };
    let value = read_value(feature, value)?;
    check_value(feature, &value)?;
    Ok(Some(value))
}

fn check_value(feature: &Feature, value: &Value<'_>) -> Result<(), FeatureError> {
    if !value.is(feature.kind) {
        let (feature, expected) = (feature.name.clone(), feature.kind);
        return Err(FeatureError::WrongType { feature, expected, found: value.kind() });
    }
    match value {
        Value::Number(number) => check_number(feature, *number),
        Value::Integer(integer) => check_integer(feature, *integer),
        Value::Category(level) => check_level(feature, level),
        Value::Text(text) => check_text(feature, text),
        Value::Tensor(tensor) => check_tensor(feature, tensor),
        Value::Boolean(_) => Ok(()),
    }
}

fn check_number(feature: &Feature, number: f64) -> Result<(), FeatureError> {
    if !number.is_finite() {
        return Err(FeatureError::NonFinite { feature: feature.name.clone() });
    }
    match feature.float_domain {
        Some(domain) if !domain.contains(number) => Err(out_of_domain(feature)),
        _ => Ok(()),
    }
}

fn check_integer(feature: &Feature, integer: i64) -> Result<(), FeatureError> {
    match feature.int_domain {
        Some(domain) if !(domain.min..=domain.max).contains(&integer) => Err(out_of_domain(feature)),
        _ => Ok(()),
    }
}

fn check_level(feature: &Feature, level: &str) -> Result<(), FeatureError> {
    match &feature.string_domain {
        Some(StringDomain { value, unseen: UnseenPolicy::Refuse, .. }) if !value.iter().any(|v| v == level) => {
            Err(FeatureError::UnseenLevel { feature: feature.name.clone() })
        }
        _ => Ok(()),
    }
}

fn check_text(feature: &Feature, text: &str) -> Result<(), FeatureError> {
    match &feature.string_domain {
        Some(StringDomain { max_bytes: Some(max), .. }) if text.len() > *max => Err(out_of_domain(feature)),
        _ => Ok(()),
    }
}

fn check_tensor(feature: &Feature, tensor: &TensorValue<'_>) -> Result<(), FeatureError> {
    let sizes = feature.tensor_sizes();
    if tensor.shape != sizes {
        let (feature, found) = (feature.name.clone(), tensor.shape.to_vec());
        return Err(FeatureError::WrongShape { feature, expected: sizes, found });
    }
    let dtype = feature.dtype.unwrap_or(DType::F32);
    let expected_bytes = element_count(&sizes).unwrap_or(0) * dtype.size_bytes();
    if tensor.dtype != dtype || tensor.bytes.len() != expected_bytes {
        return Err(FeatureError::WrongElements {
            feature: feature.name.clone(),
            expected: dtype,
            expected_bytes,
            found: tensor.dtype,
            found_bytes: tensor.bytes.len(),
        });
    }
    let passes = match feature.float_domain {
        None => all_finite(tensor),
        Some(FloatDomain { min, max }) => {
            all_within(tensor, min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY))
        }
    };
    if passes {
        return Ok(());
    }
    // Once more, to say what is wrong.
    tensor.elements().try_for_each(|element| check_number(feature, element))
}

fn out_of_domain(feature: &Feature) -> FeatureError {
    let (float, int) = (feature.float_domain, feature.int_domain);
    let domain = match (&feature.string_domain, float, int) {
        (Some(StringDomain { max_bytes: Some(max), .. }), _, _) => format!("of at most {max} bytes"),
        (_, Some(d), _) => interval(d.min, d.max),
        (_, _, Some(d)) => interval(Some(d.min).filter(|v| *v != i64::MIN), Some(d.max).filter(|v| *v != i64::MAX)),
        _ => "(none declared)".to_owned(),
    };
    FeatureError::OutOfDomain { feature: feature.name.clone(), domain }
}

fn interval<T: std::fmt::Display>(min: Option<T>, max: Option<T>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("[{min}, {max}]"),
        (Some(min), None) => format!("[{min}, inf)"),
        (None, Some(max)) => format!("(-inf, {max}]"),
        (None, None) => "(-inf, inf)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> RecordSchema {
        let schema = serde_json::from_value(serde_json::json!({
            "feature": [
                {"name": "age", "type": "NUMBER", "float_domain": {"min": 0, "max": 130}},
                {"name": "visits", "type": "INTEGER", "int_domain": {"min": 0}},
                {"name": "colour", "type": "CATEGORY", "string_domain": {"value": ["red", "green"]}},
                {"name": "note", "type": "TEXT", "string_domain": {"max_bytes": 4},
                 "missing": {"policy": "impute", "value": ""}},
                {"name": "image", "type": "TENSOR", "dtype": "F32", "shape": {"dim": [{"size": 2}]},
                 "float_domain": {"min": 0, "max": 1}}
            ],
            "output": []
        }));
        RecordSchema::new(schema.expect("the schema is well formed")).expect("its substitutes pass")
    }

    fn good() -> Vec<Option<Value<'static>>> {
        vec![
            Some(40.0.into()),
            Some(3.into()),
            Some(Value::Category("red".into())),
            None,
            Some(TensorValue::from_f32(&[2], &[0.0, 1.0]).into()),
        ]
    }

    fn refused(position: usize, value: Option<Value<'static>>) -> (&'static str, Option<String>) {
        let mut values = good();
        values[position] = value;
        let error = schema().check(&Record::new(values)).expect_err("the record is wrong").clone();
        (error.code(), error.feature().map(str::to_owned))
    }

    #[test]
    fn a_good_record_passes_and_a_missing_text_is_imputed() {
        let (schema, record) = (schema(), Record::new(good()));
        let input = schema.check(&record).expect("the record is good");
        assert_eq!(input.imputed(), [3]);
        assert_eq!(input.value(3), Some(&Value::Text("".into())));
    }

    #[test]
    fn every_kind_of_wrong_value_is_refused_by_name() {
        let tensor = |shape: &[usize], elements: &[f32]| Some(Value::Tensor(TensorValue::from_f32(shape, elements)));
        let cases = [
            (0, None, "missing", "age"),
            (0, Some(3.into()), "wrong_type", "age"),
            (0, Some(f64::NAN.into()), "non_finite", "age"),
            (0, Some(131.0.into()), "out_of_domain", "age"),
            (1, Some((-1).into()), "out_of_domain", "visits"),
            (2, Some(Value::Category("blue".into())), "unseen_level", "colour"),
            (3, Some(Value::Text("too long".into())), "out_of_domain", "note"),
            (4, tensor(&[3], &[0.0; 3]), "wrong_shape", "image"),
            (4, tensor(&[2], &[0.0; 3]), "wrong_elements", "image"),
            (4, tensor(&[2], &[0.0, f32::INFINITY]), "non_finite", "image"),
            (4, tensor(&[2], &[0.0, 1.5]), "out_of_domain", "image"),
        ];
        for (position, value, code, feature) in cases {
            assert_eq!(refused(position, value.clone()), (code, Some(feature.to_owned())), "{value:?}");
        }
    }

    #[test]
    fn a_record_made_for_another_schema_is_refused() {
        let error = schema().check(&Record::new(vec![])).expect_err("it is empty").clone();
        assert_eq!(error, FeatureError::WrongLength { expected: 5, found: 0 });
    }

    #[test]
    fn a_substitute_that_the_schema_would_refuse_is_refused_when_the_schema_is_prepared() {
        let schema = serde_json::from_value(serde_json::json!({
            "feature": [{"name": "age", "type": "NUMBER", "float_domain": {"min": 0},
                         "missing": {"policy": "impute", "value": -1}}],
            "output": []
        }));
        let error = RecordSchema::new(schema.expect("the schema is well formed")).expect_err("-1 is out of domain");
        assert_eq!((error.code(), error.feature()), ("out_of_domain", Some("age")));
    }
}
