//! Starting a bundle that has not answered yet: one that crashes the process three times is not started a fourth.
//!
//! A mark is set before a bundle is loaded and taken back after, and again around its first prediction. In between, while
//! the app merely waits, no mark is set, so that a process which the system ends then counts for nothing.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Cause, LoadedModel, Registry, throw_out};
use crate::session::SessionError;
use crate::store::{InstalledModel, StorageProblem};

/// Starts that may be begun and not ended before a bundle is thrown out.
const MAX_FAILED_STARTS: u32 = 3;

/// That a bundle's first prediction is still to come.
pub(crate) struct Proof {
    digest: String,
}

/// A model that was started.
pub(crate) struct Started {
    pub(crate) loaded: Arc<LoadedModel>,
    /// Where it has not answered yet.
    pub(crate) proof: Option<Proof>,
    /// What is to be entered in the journal.
    pub(crate) events: Vec<Value>,
}

/// Loads an installed bundle, or the one that takes its place where it has failed too often.
pub(crate) fn load(registry: &Registry, installed: InstalledModel) -> Result<Started, SessionError> {
    let digest = &installed.model.digest;
    let begun = begin(registry, digest);
    let mut events = Vec::new();
    if begun.is_some_and(|begun| begun >= MAX_FAILED_STARTS) {
        let cause = Cause { code: "failed_starts".into(), figures: json!({ "starts": begun }) };
        let Some((_, thrown_out)) = throw_out(registry, &installed.model.model_id, digest, &cause)? else {
            return Err(SessionError::KeepsFailing {
                model_id: installed.model.model_id,
                version: installed.model.version,
                starts: begun.unwrap_or_default(),
            });
        };
        events = thrown_out;
        let active = registry.state().active(&installed.model.model_id)?;
        let active = active.ok_or(SessionError::NotInstalled { model_id: installed.model.model_id })?;
        return registry.load(&active).map(|loaded| Started { loaded, proof: None, events });
    }
    let loaded = registry.load(&installed);
    if begun.is_some() {
        // A bundle that is refused in order has not crashed.
        end(registry, digest, false);
    }
    let proof = begun.map(|_| Proof { digest: digest.clone() });
    Ok(Started { loaded: loaded?, proof, events })
}

impl Proof {
    /// Marks the first prediction as begun.
    pub(crate) fn begin(&self, registry: &Registry) {
        let _ = begin(registry, &self.digest);
    }

    /// The bundle has answered.
    pub(crate) fn end(self, registry: &Registry) {
        end(registry, &self.digest, true);
    }
}

/// A state that cannot be written cannot count; the bundle is started all the same.
fn begin(registry: &Registry, digest: &str) -> Option<u32> {
    let begun = registry.state().begin_start(digest);
    begun.unwrap_or_else(|problem| unnoted(&problem))
}

fn end(registry: &Registry, digest: &str, proven: bool) {
    let ended = registry.state().end_start(digest, proven);
    ended.unwrap_or_else(|problem| unnoted(&problem).unwrap_or_default());
}

fn unnoted<T>(problem: &StorageProblem) -> Option<T> {
    log::debug!("a start is not counted: {problem}");
    None
}
