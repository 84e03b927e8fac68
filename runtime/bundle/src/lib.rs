//! The model package: one file that holds a model, everything needed to judge it, and a signature over all of it.
//!
//! A bundle is a canonical zip (docs/bundle-format.md): its signed manifest implies every byte around the entries, so
//! that the reader rebuilds those bytes and compares.
//!
//! [`Bundle::read`] is the only way to something trusted; what it returns is whole, signed, and consistent.
//! [`compat::compare`] says what an app that was made for one makes of another.
//! [`Parts::write`] packs one, and [`sign_input`] and [`attach_signature`] let a tool sign it.

#![deny(unsafe_code)]

mod bundle;
mod check;
pub mod compat;
mod container;
mod contents;
mod entry;
mod error;
pub mod golden;
pub mod graph;
mod json;
mod keys;
mod layout;
pub mod limits;
pub mod manifest;
#[allow(unsafe_code, reason = "mapping a file is unsafe; this module is the one place that does")]
mod mmap;
mod read;
pub mod reference;
pub mod schema;
mod sign;
pub mod tensor;
pub mod transform_spec;
mod weights;
mod write;

pub use bundle::Bundle;
pub use contents::{Baseline, Contents};
pub use error::{BundleError, LayoutFault};
pub use keys::{KeyError, TrustedKeys};
pub use sign::{attach_signature, sign_input, with_provenance};
pub use weights::{GgmlType, SharedBytes, Weight, WeightType, Weights, WeightsError, gguf_bytes, safetensors_bytes};
pub use write::{BaselineParts, Parts, WriteError};
