//! The runtime: opens verified models, answers offline, and remembers what it answered.
//!
//! [`Runtime::open`] opens a folder; [`Runtime::install`] takes a signed bundle after every check, its golden set on this
//! very device included; a [`Session`] answers records, and each answer is a row of the journal with the verdict, who
//! answered, how long it took, the model's version and the kernels that ran.
//!
//! ```no_run
//! use dunlin::{Config, Record, Runtime, TrustedKeys};
//!
//! let mut keys = TrustedKeys::new();
//! keys.add("ml-team", &std::fs::read_to_string("ml-team.pub")?)?;
//! let runtime = Runtime::open(Config::new("app-data/dunlin", keys));
//! runtime.install_shipped("assets/digits-1.0.0.dunlin".as_ref())?;
//!
//! let mut session = runtime.session("digits")?;
//! let record = Record::from_json_str(session.schema(), r#"{"image": [[0, 5], [9, 0]]}"#)?;
//! let answer = session.predict(&record)?;
//! if let Some(class) = answer.class() {
//!     println!("{} ({:.0} %), answered by {}", class.name, 100.0 * class.probability, answer.answered_by);
//!     runtime.label(answer.id, "7")?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here opens a socket, reads the environment or starts a thread pool. (Who runs models on the reference engine
//! should set `RAYON_NUM_THREADS` before: candle looks for the number of processors on every matrix product without.)

#![forbid(unsafe_code)]

mod answer;
mod cache;
pub mod clock;
mod config;
pub mod counters;
pub mod document;
pub mod fallback;
pub mod health;
pub mod ids;
pub mod journal;
mod keeper;
mod lifecycle;
pub mod monitor;
pub mod outbox;
pub mod privacy;
mod registry;
mod runtime;
mod session;
pub mod store;
mod trial;
mod update;

pub use answer::{Answer, AnsweredBy};
pub use config::Config;
pub use dunlin_bundle::compat;
pub use dunlin_bundle::manifest::FallbackStep;
pub use dunlin_bundle::tensor::DType;
pub use dunlin_bundle::{BundleError, KeyError, TrustedKeys, schema};
pub use dunlin_features::{FeatureError, Record, TensorValue, Value};
pub use dunlin_predictor::{Class, LoadError, OutputValue, PredictError, Prediction, Reason, Verdict};
pub use dunlin_wire::Severity;
pub use lifecycle::TrialReport;
pub use registry::{
    Admission, AdmissionError, InstallError, InstallOutcome, InstallReport, ProvenanceField, Switch, SwitchError,
};
pub use runtime::{CloseError, Runtime};
pub use session::{Batch, BatchRecord, Precompute, PrecomputeError, PrecomputeReport, Session, SessionError};
pub use trial::TrialPolicy;
pub use update::{ModelUpdate, UpdateError, UpdateOutcome, UpdatePolicy, UpdateReport};
