//! What leaves the device, as types: a [`Summary`] of what was seen, its [`Envelope`] and acknowledgement, and the
//! requests of a cloud fallback. A summary holds counts and statistics; no raw value of a feature has a field in it.
//!
//! ```
//! use dunlin_wire::{Envelope, ModelVersion, Summary, WindowRange, decode, encode};
//!
//! let model = ModelVersion { id: "digits".into(), version: "1.0.0".into(), sequence: 1 };
//! let mut summary = Summary::empty(model);
//! summary.windows.push(WindowRange { epoch: 1, first: 0, last: 0 });
//! summary.rows = 100;
//! summary.verdicts.insert("accept".into(), 100);
//! let sent = Envelope::new("0190a6d2-0000-7000-8000-000000000001", "5f0c", summary);
//! let received = decode(&encode(&sent)?)?;
//! assert_eq!(received, sent);
//! # Ok::<(), dunlin_wire::WireError>(())
//! ```

#![forbid(unsafe_code)]

mod code;
mod envelope;
mod error;
pub mod inference;
mod latency;
pub mod limits;
mod merge;
mod summary;

pub use code::{decode, encode};
pub use envelope::{Acknowledgement, Envelope, Receipt, SUMMARY_TYPE};
pub use error::{MergeError, WireError};
pub use latency::Latency;
pub use summary::{AlarmSummary, FORMAT, FeatureSummary, LabelSummary, ModelVersion, Severity, Summary, WindowRange};
