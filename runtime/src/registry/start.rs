//! Starting a bundle that has not answered yet: one that crashes the process three times is not started a fourth.
//!
//! A mark is set before a bundle is loaded and taken back after, and again around its first prediction. In between, while
//! the app merely waits, no mark is set, so that a process which the system ends then counts for nothing. Sessions of
//! one process that do this side by side share one mark: a crash ends them all, and is one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Cause, LoadedModel, Registry, lock, throw_out};
use crate::session::SessionError;
use crate::store::{InstalledModel, StorageProblem};

/// Starts that may be begun and not ended before a bundle is thrown out.
const MAX_FAILED_STARTS: u32 = 3;

/// Starts that this process has begun and not ended, by digest of the bundle.
pub(super) type UnderWay = Mutex<BTreeMap<String, Begun>>;

/// A start whose mark is set.
pub(super) struct Begun {
    /// Starts that were begun before it and never ended.
    before: u32,
    /// How many sessions share it.
    sessions: u32,
}

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
    let digest = installed.model.digest.clone();
    let Some(before) = begin(registry, &digest) else {
        return registry.load(&installed).map(|loaded| Started { loaded, proof: None, events: Vec::new() });
    };
    let started = match before >= MAX_FAILED_STARTS {
        true => load_in_its_place(registry, installed, before),
        false => registry.load(&installed).map(|loaded| Started {
            loaded,
            proof: Some(Proof { digest: digest.clone() }),
            events: Vec::new(),
        }),
    };
    // A bundle that is refused in order has not crashed.
    end(registry, &digest, false);
    started
}

/// Throws a bundle out that has failed too often, and loads the one that answers instead.
fn load_in_its_place(registry: &Registry, failed: InstalledModel, starts: u32) -> Result<Started, SessionError> {
    let (model_id, version) = (failed.model.model_id, failed.model.version);
    let cause = Cause { code: "failed_starts".into(), figures: json!({ "starts": starts }) };
    let Some((_, events)) = throw_out(registry, &model_id, &failed.model.digest, &cause)? else {
        return Err(SessionError::KeepsFailing { model_id, version, starts });
    };
    let active = registry.state().active(&model_id)?;
    let active = active.ok_or(SessionError::NotInstalled { model_id })?;
    registry.load(&active).map(|loaded| Started { loaded, proof: None, events })
}

impl Proof {
    /// Has the bundle answer for the first time.
    pub(crate) fn answer<T>(self, registry: &Registry, first: impl FnOnce() -> T) -> T {
        let begun = begin(registry, &self.digest);
        let answer = first();
        if begun.is_some() {
            end(registry, &self.digest, true);
        }
        answer
    }
}

/// Marks a start, and tells how many were begun before and never ended; `None` for a bundle that has answered. A state
/// that cannot be written cannot count: the bundle is started all the same.
fn begin(registry: &Registry, digest: &str) -> Option<u32> {
    let mut under_way = lock(&registry.under_way);
    if let Some(begun) = under_way.get_mut(digest) {
        begun.sessions += 1;
        return Some(begun.before);
    }
    let counted = registry.state().begin_start(digest);
    let before = counted.unwrap_or_else(|problem| unnoted(&problem))?;
    under_way.insert(digest.to_owned(), Begun { before, sessions: 1 });
    Some(before)
}

fn end(registry: &Registry, digest: &str, is_proven: bool) {
    let mut under_way = lock(&registry.under_way);
    let shared_by = under_way.get_mut(digest).map_or(0, |begun| {
        begun.sessions -= 1;
        begun.sessions
    });
    if shared_by == 0 {
        under_way.remove(digest);
    }
    if shared_by == 0 || is_proven {
        let ended = registry.state().end_start(digest, is_proven);
        ended.unwrap_or_else(|problem| unnoted(&problem).unwrap_or_default());
    }
}

fn unnoted<T>(problem: &StorageProblem) -> Option<T> {
    log::debug!("a start is not counted: {problem}");
    None
}
