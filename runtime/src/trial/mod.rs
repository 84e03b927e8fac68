//! Trials: a new bundle is compared with the proven one on this device's own records, and kept or thrown out for it.
//!
//! ```text
//! predict thread   both run on a share of the records --> Comparison (with the row)
//! writer           Comparison, and labels --in their transaction--> Tally --judge--> Verdict
//! after commit     Verdict --> the registry: canary, promoted, confirmed or thrown out, each an event
//! ```
//!
//! The new bundle watches (shadow), then answers for some (canary), then for all while the one before it watches
//! (probation). Every test may be looked at after every record: docs/lifecycle.md has the figures.

mod comparison;
mod follow;
mod judge;
mod policy;
mod tally;

pub use policy::TrialPolicy;

pub(crate) use comparison::{Compared, Comparison, Pair, agree};
pub(crate) use follow::Trials;
pub(crate) use judge::judged;
