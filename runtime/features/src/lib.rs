//! Records, the schema that they are checked against, and the fitted transforms that make a model's inputs of them.
//!
//! The line: [`Record`] `--`[`RecordSchema::check`]`-->` [`Input`] `--`[`Transforms::apply`]`-->` [`Features`].
//! The same code fits the transforms in training ([`Transforms::fit`]) and applies them on the device, so that the two
//! cannot drift apart.
//!
//! ```
//! use dunlin_bundle::schema::Schema;
//! use dunlin_bundle::transform_spec::TransformsSpec;
//! use dunlin_features::{Record, RecordSchema, Transforms};
//!
//! let schema: Schema = serde_json::from_str(
//!     r#"{"feature": [{"name": "age", "type": "NUMBER", "float_domain": {"min": 0, "max": 130}}], "output": []}"#,
//! )?;
//! let unfitted: TransformsSpec = serde_json::from_str(
//!     r#"{"inputs": [{"name": "x", "shape": [1], "columns": [{"feature": "age", "transforms": [{"op": "standardize"}]}]}]}"#,
//! )?;
//! let schema = RecordSchema::new(schema)?;
//! let sample: Vec<Record> = [20.0, 40.0, 60.0].map(|age| Record::new(vec![Some(age.into())])).into();
//! let fitted = Transforms::fit(&schema, &unfitted, &sample)?;
//!
//! let record = Record::from_json_str(schema.schema(), r#"{"age": 40}"#)?;
//! let features = fitted.apply(&schema.check(&record)?)?;
//! assert_eq!(features.tensors()[0].data, [0.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod check;
mod elements;
mod error;
mod json;
mod pipeline;
mod projection;
mod record;
mod scalars;
mod transforms;
mod value;

pub use check::{Input, RecordSchema};
pub use error::{FeatureError, TransformError};
pub use pipeline::{Features, Transforms};
pub use projection::Projection;
pub use record::Record;
pub use scalars::{Scalars, tensor_scalar};
pub use value::{TensorValue, Value};
