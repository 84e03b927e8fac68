//! The model package: one file that holds a model, everything needed to judge it, and a signature over all of it.
#![forbid(unsafe_code)]
pub mod golden;
pub mod graph;
pub mod limits;
pub mod manifest;
pub mod reference;
pub mod schema;
pub mod tensor;
pub mod transform_spec;
