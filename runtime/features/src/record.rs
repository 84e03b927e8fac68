//! A record: one value or none for each feature of the schema, in schema order.

use dunlin_bundle::schema::Schema;

use crate::error::FeatureError;
use crate::value::Value;

/// What the app wants an answer for. Positional, so that predicting looks nothing up by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record<'a> {
    values: Vec<Option<Value<'a>>>,
}

impl<'a> Record<'a> {
    /// A record of values in schema order; `None` where the feature is absent.
    #[must_use]
    pub fn new(values: Vec<Option<Value<'a>>>) -> Self {
        Self { values }
    }

    /// A record without any value yet, to be filled by [`Record::set`].
    #[must_use]
    pub fn empty(schema: &Schema) -> Self {
        Self { values: vec![None; schema.feature.len()] }
    }

    /// Sets a feature by name.
    ///
    /// # Errors
    /// [`FeatureError::Unknown`] when the schema has no such feature, [`FeatureError::WrongLength`] when the record
    /// was made for another schema.
    pub fn set(
        &mut self,
        schema: &Schema,
        feature: &str,
        value: impl Into<Value<'a>>,
    ) -> Result<&mut Self, FeatureError> {
        let (expected, found) = (schema.feature.len(), self.values.len());
        let position = schema.position(feature).ok_or_else(|| FeatureError::Unknown { feature: feature.to_owned() })?;
        let slot = self.values.get_mut(position).ok_or(FeatureError::WrongLength { expected, found })?;
        *slot = Some(value.into());
        Ok(self)
    }

    /// The values, in schema order.
    #[must_use]
    pub fn values(&self) -> &[Option<Value<'a>>] {
        &self.values
    }
}
