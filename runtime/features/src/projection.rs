//! Records of one schema as records of another: for two versions of a model that see the same record.

use std::borrow::Cow;

use dunlin_bundle::schema::{Feature, MissingPolicy, Schema};

use crate::error::FeatureError;
use crate::record::Record;
use crate::value::{TensorValue, Value};

/// Where each feature of one schema is found in the records of another.
///
/// ```
/// # use dunlin_features::{Projection, Record};
/// # let feature = |name: &str| serde_json::json!({"name": name, "type": "NUMBER"});
/// # let schema = |names: [&str; 2]| -> dunlin_bundle::schema::Schema {
/// #     serde_json::from_value(serde_json::json!({"feature": names.map(feature), "output": []})).unwrap()
/// # };
/// let (from, to) = (schema(["age", "height"]), schema(["height", "age"]));
/// let record = Record::new(vec![Some(40.0.into()), Some(1.8.into())]);
/// let same = Projection::new(&from, &to)?.of(&record).into_owned();
/// assert_eq!(same, Record::new(vec![Some(1.8.into()), Some(40.0.into())]));
/// # Ok::<(), dunlin_features::FeatureError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// For each feature its position there, or `None` where that schema has no such feature; `None` for two schemas that
    /// have the same features in the same order.
    places: Option<Vec<Option<usize>>>,
}

impl Projection {
    /// Finds each feature by name. What the other schema does not have must have a missing policy here.
    ///
    /// # Errors
    /// [`FeatureError`] naming the feature that is of another type or shape there, or is missing there.
    pub fn new(from: &Schema, to: &Schema) -> Result<Self, FeatureError> {
        let places = to.feature.iter().map(|feature| place(from, feature)).collect::<Result<Vec<_>, _>>()?;
        let is_same = from.feature.len() == places.len() && places.iter().enumerate().all(|(at, p)| *p == Some(at));
        Ok(Self { places: (!is_same).then_some(places) })
    }

    /// A record in the order of this schema; it borrows the other's values. One of the wrong length is left as it is, and
    /// the schema's check refuses it.
    #[must_use]
    pub fn of<'r>(&self, record: &'r Record<'r>) -> Cow<'r, Record<'r>> {
        let Some(places) = &self.places else { return Cow::Borrowed(record) };
        let value = |place: &Option<usize>| record.values().get((*place)?)?.as_ref().map(borrowed);
        Cow::Owned(Record::new(places.iter().map(value).collect()))
    }
}

fn place(from: &Schema, feature: &Feature) -> Result<Option<usize>, FeatureError> {
    let name = || feature.name.clone();
    let Some(at) = from.position(&feature.name) else {
        return match feature.missing {
            MissingPolicy::Impute { .. } => Ok(None),
            _ => Err(FeatureError::Missing { feature: name() }),
        };
    };
    let there = &from.feature[at];
    if (there.kind, there.dtype) != (feature.kind, feature.dtype) {
        let (expected, found) = (feature.kind, "value of the other schema's type");
        return Err(FeatureError::WrongType { feature: name(), expected, found });
    }
    let sizes = |feature: &Feature| feature.shape.as_ref().map(|shape| shape.sizes().collect::<Vec<usize>>());
    if sizes(there) != sizes(feature) {
        let (expected, found) = (sizes(feature).unwrap_or_default(), sizes(there).unwrap_or_default());
        return Err(FeatureError::WrongShape { feature: name(), expected, found });
    }
    Ok(Some(at))
}

fn borrowed<'r>(value: &'r Value<'_>) -> Value<'r> {
    match value {
        Value::Number(v) => Value::Number(*v),
        Value::Integer(v) => Value::Integer(*v),
        Value::Boolean(v) => Value::Boolean(*v),
        Value::Category(v) => Value::Category(Cow::Borrowed(v)),
        Value::Text(v) => Value::Text(Cow::Borrowed(v)),
        Value::Tensor(v) => Value::Tensor(TensorValue {
            dtype: v.dtype,
            shape: Cow::Borrowed(&v.shape),
            bytes: Cow::Borrowed(&v.bytes),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn schema(features: Json) -> Schema {
        serde_json::from_value(json!({ "feature": features, "output": [] })).unwrap()
    }

    fn old() -> Schema {
        schema(json!([
            {"name": "age", "type": "NUMBER"},
            {"name": "image", "type": "TENSOR", "dtype": "U8", "shape": {"dim": [{"size": 2}]}},
        ]))
    }

    #[test]
    fn the_same_features_in_the_same_order_cost_nothing() {
        let record = Record::new(vec![Some(40.0.into()), None]);
        let projected = Projection::new(&old(), &old()).unwrap();
        assert!(matches!(projected.of(&record), Cow::Borrowed(same) if std::ptr::eq(same, &record)));
    }

    #[test]
    fn features_are_found_by_name_and_added_ones_are_missing() {
        let new = schema(json!([
            {"name": "height", "type": "NUMBER", "presence": {"min_fraction": 0.0}, "missing": {"policy": "impute", "value": 1.7}},
            {"name": "age", "type": "NUMBER"},
        ]));
        let record = Record::new(vec![Some(40.0.into()), None]);
        let projection = Projection::new(&old(), &new).unwrap();
        assert_eq!(projection.of(&record).into_owned(), Record::new(vec![None, Some(40.0.into())]));
        // A record that is too short has nothing where it ends.
        assert_eq!(projection.of(&Record::default()).into_owned(), Record::new(vec![None, None]));
    }

    #[test]
    fn what_is_required_retyped_or_reshaped_is_named() {
        let refused = |features: Json| Projection::new(&old(), &schema(features)).unwrap_err();
        let required = refused(json!([{"name": "height", "type": "NUMBER"}]));
        assert_eq!(required, FeatureError::Missing { feature: "height".into() });
        let retyped = refused(json!([{"name": "age", "type": "INTEGER"}]));
        assert!(matches!(retyped, FeatureError::WrongType { feature, .. } if feature == "age"));
        let shape = json!({"dim": [{"size": 3}]});
        let reshaped = refused(json!([{"name": "image", "type": "TENSOR", "dtype": "U8", "shape": shape}]));
        assert!(matches!(reshaped, FeatureError::WrongShape { feature, .. } if feature == "image"));
    }
}
