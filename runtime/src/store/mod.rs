//! The two databases' mechanics, apart from what the journal's rows mean: the folder and its lock, opening and
//! migrating SQLite files, what can go wrong with them, and `state.db`.
//!
//! ```text
//! dunlin.lock   held by the one process that may write
//! state.db      small and precious: synchronous FULL, never overwritten when it cannot be understood
//! journal.db    large and disposable: see the journal module
//! ```
//!
//! Opening never fails. What cannot be opened, locked or written is a [`StorageProblem`] that health shows, and the
//! runtime answers with what it has.

mod folder;
pub(crate) mod policy;
mod problem;
pub(crate) mod sqlite;
mod state;
pub(crate) mod tables;
pub(crate) mod tally;

pub use folder::Folder;
pub use policy::{
    FREE_PAGE_SHARE, MIN_RETENTION_BYTES, PAGE_CACHE_BYTES, ROWS_PER_CHECKPOINT, SET_ASIDE_KEPT, WINDOWS_KEPT,
};
pub use problem::{StorageProblem, StorageProblemKind};
pub use state::{
    Identity, InstallError, Installed, InstalledModel, NewModel, Refusal, Signer, Slot, Stage, State, Switched,
    ThrownOut, Trial, Withdrawal,
};
