//! What the runtime remembers of its predictions: `journal.db`.
//!
//! `append` puts a row in a bounded ring and gives it an id; one writer takes what the ring holds and writes it in one
//! transaction, together with the totals that account for it. A full ring, a full disk or a crash can take rows; each
//! is counted, and none can take the prediction away from its caller.
//!
//! ```text
//! append, label, outcome --> ring --> writer --one transaction--> rows, totals, counters
//!                                       |--> retention: oldest first, by rows, bytes and age
//!                                       '--> a journal that cannot be understood is set aside and replaced
//! ```
//!
//! [`Reader`] is the way to look at it, on a connection of its own.
//!
//! ```
//! # use std::sync::Arc;
//! # use dunlin::{clock::Clock, counters::Counters, journal::{Context, Journal, JournalConfig, Reader, Row}};
//! # use dunlin::store::{Folder, State};
//! # let dir = tempfile::tempdir()?;
//! let folder = Arc::new(Folder::new(dir.path()));
//! let clock = Clock::system();
//! let state = State::open(folder.clone(), clock.clone(), 0);
//! let journal = Journal::open(folder, clock.clone(), state.epoch(), JournalConfig::default(), Arc::default());
//!
//! let context = Context { model_id: "digits".into(), version: "1.0.0".into(), sequence: 1, slot: "active".into(),
//!                         kernel_set: "scalar".into() };
//! let (id, _queued) = journal.append(Row {
//!     context: Arc::new(context), answered_by: "model".into(), verdict: "accept".into(), reasons: vec![], culprit: None,
//!     confidence: Some(0.98), distance: Some(0.7), latency_us: 52, at: clock.now(), subject: None,
//!     features: None, output: Some(r#"{"digit":7}"#.into()), observation: None, compared: None,
//! });
//! journal.label(id, &7.into())?;
//! journal.flush()?;
//!
//! let row = Reader::open(dir.path())?.prediction(id)?.ok_or("not there")?;
//! assert_eq!((row.model_id.as_str(), row.label), ("digits", Some(7.into())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aside;
mod config;
mod database;
mod epochs;
mod follower;
mod handle;
mod reader;
mod retention;
mod ring;
mod row;
#[cfg(test)]
mod tests;
mod writer;

pub use config::{Durability, JournalConfig, Retention};
pub use database::highest_epoch;
pub(crate) use follower::{Follower, News};
pub use handle::Journal;
pub use reader::{Alike, LabelledAlike, Reader, Recorded, RecordedEvent, Totals, VerdictCount};
pub(crate) use row::Event;
pub use row::{Appended, Context, LabelError, REFUSED, Row, Scalar};
