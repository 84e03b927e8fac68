//! Watching: what a model sees and answers, in windows, compared with the training distribution and this device's past.
//!
//! ```text
//! predict thread   Watch::observe -> Observation (bins alone: no value is kept)
//! writer           Observation --with its row, one transaction--> OpenWindow
//! at its end       OpenWindow --judge--> findings --> alarms; Summary --> the outbox; the past takes it in
//! ```
//!
//! A mismatch with the training distribution is information: one user is not the population. A difference from the
//! device's own past is drift, and alarms.

mod alarms;
mod config;
mod judge;
mod labels;
mod observation;
mod past;
mod policy;
mod record;
mod watch;
mod window;
mod windows;

pub use config::MonitorConfig;
pub use observation::Observation;
pub use policy::MIN_WINDOW_ROWS;
pub use record::{Against, Alarm, Evidence, Judgement, RecordedUpload, RecordedWindow, Waiting, WatchedModel};
pub(crate) use watch::Watch;
pub(crate) use windows::{Closed, Monitor};
