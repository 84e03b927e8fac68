//! The SDK surface for Kotlin and Swift: converts and delegates, decides nothing.
//!
//! ```text
//! Kotlin, Swift --UniFFI--> Runtime, Session, RecordBuilder --> dunlin --> Prediction, DunlinError
//! the JVM's hot path: a handle and a packed record --> packed::predict --> a packed answer
//! ```
//!
//! Every exported call passes [`boundary`]: a panic becomes [`DunlinError::Internal`]. What failed is one of the few cases of
//! [`DunlinError`]; its conversions all stand in `error.rs`. docs/sdk.md tells how the foreign sources are made.

mod alarm;
mod asking;
pub mod boundary;
mod config;
mod error;
mod fallback;
mod fallback_policy;
mod handles;
mod health;
mod install;
mod log_sink;
mod open_session;
pub mod packed;
mod precompute;
mod prediction;
mod record;
mod runtime;
mod scalar;
mod schema;
mod session;
mod slab;
mod transport;
mod trial;
mod update;
mod upload;
mod versions;

pub use alarm::{Alarm, Severity};
pub use asking::Asking;
pub use config::{Config, Durability, MonitorWindow, Retention, TrustedKey};
pub use error::DunlinError;
pub use fallback::{FallbackRequest, Resolved};
pub use fallback_policy::{AskOn, FallbackPolicy, FallbackStep};
pub use health::{Health, ModelHealth, Notice, Part};
pub use install::{InstallOutcome, InstallReport};
pub use log_sink::{LogLevel, LogSink, set_log_sink};
pub use precompute::PrecomputeReport;
pub use prediction::{AnsweredBy, ChosenClass, Output, Prediction, Reason, Verdict};
pub use record::RecordBuilder;
pub use runtime::Runtime;
pub use scalar::Scalar;
pub use schema::{DType, Feature, FeatureType, OutputInfo, OutputTask, PrivacyClass};
pub use session::Session;
pub use transport::{Transport, TransportError};
pub use trial::{Switch, TrialPolicy, TrialReport};
pub use update::{ModelUpdate, UpdateOutcome, UpdatePolicy, UpdateReport};
pub use upload::{Delivery, Fetch, Link, NextUpload, Reported, Response, SyncReport, Upload};

uniffi::setup_scaffolding!("dunlin");
