//! Reads a packed record where it lies.

use std::borrow::Cow;

use dunlin::schema::{Feature, FeatureType, Schema};
use dunlin::{DType, Record, TensorValue, Value};

use crate::error::DunlinError;

/// Reads a packed record, borrowing its texts and tensors. Only how it is packed is checked here; the values are checked when
/// they are predicted from.
///
/// # Errors
/// [`DunlinError::InvalidArgument`] naming the first feature that is not packed as the schema says.
pub fn read_record<'a>(schema: &Schema, bytes: &'a [u8]) -> Result<Record<'a>, DunlinError> {
    let mut rest = Rest(bytes);
    let values = schema.feature.iter().map(|feature| rest.value(feature)).collect::<Result<_, _>>()?;
    if !rest.0.is_empty() {
        let (excess, features) = (rest.0.len(), schema.feature.len());
        return Err(DunlinError::invalid(format!(
            "the packed record goes on for {excess} bytes after its {features} features"
        )));
    }
    Ok(Record::new(values))
}

/// What is not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn value(&mut self, feature: &Feature) -> Result<Option<Value<'a>>, DunlinError> {
        if !self.flag(feature)? {
            return Ok(None);
        }
        Ok(Some(match feature.kind {
            FeatureType::Number => Value::Number(f64::from_le_bytes(self.array(feature)?)),
            FeatureType::Integer => Value::Integer(i64::from_le_bytes(self.array(feature)?)),
            FeatureType::Boolean => Value::Boolean(self.flag(feature)?),
            FeatureType::Category => Value::Category(Cow::Borrowed(self.text(feature)?)),
            FeatureType::Text => Value::Text(Cow::Borrowed(self.text(feature)?)),
            FeatureType::Tensor => Value::Tensor(self.tensor(feature)?),
        }))
    }

    fn flag(&mut self, feature: &Feature) -> Result<bool, DunlinError> {
        match self.array(feature)? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(refused(feature, &format!("has {other} where 0 or 1 must stand"))),
        }
    }

    fn text(&mut self, feature: &Feature) -> Result<&'a str, DunlinError> {
        let length = u32::from_le_bytes(self.array(feature)?);
        // Longer than this machine's memory is longer than the record, too.
        let bytes = self.take(usize::try_from(length).unwrap_or(usize::MAX), feature)?;
        std::str::from_utf8(bytes).map_err(|_| refused(feature, "is not UTF-8"))
    }

    fn tensor(&mut self, feature: &Feature) -> Result<TensorValue<'a>, DunlinError> {
        let (dtype, shape) = (feature.dtype.unwrap_or(DType::F32), feature.tensor_sizes());
        let elements = shape.iter().try_fold(dtype.size_bytes(), |bytes, size| bytes.checked_mul(*size));
        let bytes = self.take(elements.unwrap_or(usize::MAX), feature)?;
        Ok(TensorValue { dtype, shape: Cow::Owned(shape), bytes: Cow::Borrowed(bytes) })
    }

    fn array<const N: usize>(&mut self, feature: &Feature) -> Result<[u8; N], DunlinError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(|| ends_early(feature))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn take(&mut self, bytes: usize, feature: &Feature) -> Result<&'a [u8], DunlinError> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or_else(|| ends_early(feature))?;
        self.0 = rest;
        Ok(taken)
    }
}

fn ends_early(feature: &Feature) -> DunlinError {
    refused(feature, "is cut off")
}

fn refused(feature: &Feature, what: &str) -> DunlinError {
    DunlinError::invalid(format!(
        "in the packed record feature '{}' {what}; pack it by the session's features",
        feature.name
    ))
}
