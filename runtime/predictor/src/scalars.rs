//! The scalars of an input that are watched: each number and integer, and each declared scalar of a tensor.

use std::sync::Arc;

use dunlin_bundle::schema::{FeatureType, Schema, TensorScalar};
use dunlin_features::Scalars;

/// Which scalars a schema's records have, and how to compute them. Categories, texts and booleans have none.
#[derive(Clone, Debug)]
pub struct ScalarSet {
    sources: Vec<Source>,
}

#[derive(Clone, Debug)]
struct Source {
    name: Arc<str>,
    position: usize,
    scalar: Option<TensorScalar>,
}

impl ScalarSet {
    /// The scalars of a schema, in record order: `feature`, or `feature.scalar` for a tensor.
    #[must_use]
    pub fn of(schema: &Schema) -> Self {
        let mut sources = Vec::new();
        for (position, feature) in schema.feature.iter().enumerate() {
            match feature.kind {
                FeatureType::Number | FeatureType::Integer => {
                    sources.push(Source { name: feature.name.as_str().into(), position, scalar: None });
                }
                FeatureType::Tensor => sources.extend(feature.drift_summaries.iter().map(|scalar| Source {
                    name: format!("{}.{}", feature.name, scalar.name()).into(),
                    position,
                    scalar: Some(*scalar),
                })),
                FeatureType::Category | FeatureType::Boolean | FeatureType::Text => {}
            }
        }
        Self { sources }
    }

    /// Names, in order.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.sources.iter().map(|s| &s.name)
    }

    /// Values of one record that was checked, in the order of the names; `None` where the record has no value, or nothing can
    /// be computed of it.
    pub fn values<'a>(&'a self, record: &'a Scalars<'_>) -> impl Iterator<Item = Option<f64>> + 'a {
        self.sources.iter().map(|source| source.value(record))
    }

    /// Keeps the scalars that a predicate accepts by name.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.sources.retain(|s| keep(&s.name));
    }
}

impl Source {
    fn value(&self, record: &Scalars<'_>) -> Option<f64> {
        match self.scalar {
            Some(scalar) => record.get(self.position, scalar),
            None => record.record().values().get(self.position)?.as_ref()?.as_number(),
        }
    }
}
