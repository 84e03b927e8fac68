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
use crate::store::{InstalledModel, Slot, StorageProblem};

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

/// One session's part in a start.
struct Mark<'r> {
    registry: &'r Registry,
    digest: &'r str,
    before: u32,
    /// How it ended: whether the bundle has answered. A start that has not ended in order, but by a panic, leaves its mark.
    ended: Option<bool>,
}

/// That a bundle's first prediction is still to come.
pub(crate) struct Proof {
    digest: String,
}

/// What came of starting a bundle.
pub(crate) struct Started {
    /// The model that answers, and its proof where it has not answered yet.
    pub(crate) loaded: Result<(Arc<LoadedModel>, Option<Proof>), SessionError>,
    /// What is to be entered in the journal.
    pub(crate) events: Vec<Value>,
}

/// Loads an installed bundle; in the place of an active one that has failed too often, or is not there any more, the one that
/// is active then.
pub(crate) fn load(registry: &Registry, installed: &InstalledModel) -> Started {
    let digest = &installed.model.digest;
    let mark = Mark::set(registry, digest);
    if let Some(before) = mark.as_ref().map(|mark| mark.before).filter(|before| *before >= MAX_FAILED_STARTS) {
        return load_in_its_place(registry, installed, before);
    }
    let loaded = registry.load(installed);
    let proof = mark.as_ref().map(|_| Proof { digest: digest.clone() });
    if let Some(mark) = mark {
        // A bundle that is refused in order has not crashed.
        mark.end(false);
    }
    let loaded = match loaded {
        Ok(loaded) => Ok((loaded, proof)),
        Err(error) => load_active(registry, installed, error),
    };
    Started { loaded, events: Vec::new() }
}

/// Throws a bundle out that has failed too often.
fn load_in_its_place(registry: &Registry, failed: &InstalledModel, starts: u32) -> Started {
    let InstalledModel { model, .. } = failed;
    let cause = Cause { code: "failed_starts".into(), figures: json!({ "starts": starts }) };
    match throw_out(registry, &model.model_id, &model.digest, &cause) {
        Err(problem) => Started { loaded: Err(problem.into()), events: Vec::new() },
        Ok(thrown_out) => {
            let (model_id, version) = (model.model_id.clone(), model.version.clone());
            let error = SessionError::KeepsFailing { model_id, version, starts };
            let events = thrown_out.map(|(_, events)| events).unwrap_or_default();
            Started { loaded: load_active(registry, failed, error), events }
        }
    }
}

/// The bundle that is active now, where another one was when it was looked up; else the error.
fn load_active(
    registry: &Registry,
    before: &InstalledModel,
    error: SessionError,
) -> Result<(Arc<LoadedModel>, Option<Proof>), SessionError> {
    let active = registry.state().active(&before.model.model_id)?;
    match active.filter(|now| before.slot == Slot::Active && now.model.digest != before.model.digest) {
        Some(active) => registry.load(&active).map(|loaded| (loaded, None)),
        None => Err(error),
    }
}

impl Proof {
    /// Has the bundle answer for the first time.
    pub(crate) fn answer<T>(self, registry: &Registry, first: impl FnOnce() -> T) -> T {
        let mark = Mark::set(registry, &self.digest);
        let answer = first();
        if let Some(mark) = mark {
            mark.end(true);
        }
        answer
    }
}

impl<'r> Mark<'r> {
    /// `None` for a bundle that has answered. A state that cannot be written cannot count: the bundle is started all the same.
    fn set(registry: &'r Registry, digest: &'r str) -> Option<Self> {
        let mut under_way = lock(&registry.under_way);
        let before = match under_way.get_mut(digest) {
            Some(begun) => {
                begun.sessions += 1;
                begun.before
            }
            None => {
                let counted = registry.state().begin_start(digest);
                let before = counted.unwrap_or_else(|problem| unnoted(&problem))?;
                under_way.insert(digest.to_owned(), Begun { before, sessions: 1 });
                before
            }
        };
        Some(Self { registry, digest, before, ended: None })
    }

    fn end(mut self, is_proven: bool) {
        self.ended = Some(is_proven);
    }
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        let mut under_way = lock(&self.registry.under_way);
        let Some(begun) = under_way.get_mut(self.digest) else { return };
        begun.sessions -= 1;
        let is_last = begun.sessions == 0;
        if is_last {
            under_way.remove(self.digest);
        }
        if let Some(is_proven) = self.ended.filter(|is_proven| is_last || *is_proven) {
            let taken_back = self.registry.state().end_start(self.digest, is_proven);
            taken_back.unwrap_or_else(|problem| unnoted(&problem).unwrap_or_default());
        }
    }
}

fn unnoted<T>(problem: &StorageProblem) -> Option<T> {
    log::debug!("a start is not counted: {problem}");
    None
}
