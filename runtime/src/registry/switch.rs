//! Changing who answers: promoting a candidate, and throwing a bundle out. Each is one transaction of `state.db`.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Registry, files};
use crate::journal::Event;
use crate::store::{InstalledModel, Slot, StorageProblem, Switched, Trial, Withdrawal};

/// Why a bundle's state changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cause {
    /// For programs.
    pub(crate) code: Cow<'static, str>,
    /// The figures that it was decided on, as a JSON object.
    pub(crate) figures: Value,
}

/// Who answers now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Switch {
    /// Name of the model.
    pub model_id: String,
    /// Version of the bundle that answers in sessions opened from now on.
    pub version: String,
    /// Its sequence.
    pub sequence: u64,
}

/// Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SwitchError {
    /// There is no candidate.
    #[error("'{model_id}' has no candidate; install one first")]
    NoCandidate {
        /// Name of the model.
        model_id: String,
    },
    /// There is no previous bundle.
    #[error("'{model_id}' has no previous version to go back to; install a bundle that works, with a higher sequence")]
    NoPrevious {
        /// Name of the model.
        model_id: String,
    },
    /// `state.db` cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageProblem),
}

impl Cause {
    /// Somebody said so.
    pub(crate) fn by_hand() -> Self {
        Self { code: "by_hand".into(), figures: json!({}) }
    }
}

impl Switch {
    pub(crate) fn to(active: &InstalledModel) -> Self {
        let model = &active.model;
        Self { model_id: model.model_id.clone(), version: model.version.clone(), sequence: model.sequence }
    }
}

/// Makes the candidate the active one; its trial goes on, with the roles exchanged. `None` where it is no candidate any
/// more. The events are to be entered in the journal.
pub(crate) fn activate(
    registry: &Registry,
    model_id: &str,
    digest: &str,
    cause: &Cause,
) -> Result<Option<(Switch, Vec<Value>)>, StorageProblem> {
    // Bound here, since the state must not stay locked behind it.
    let switched = registry.state().promote(model_id, digest)?;
    Ok(switched.map(|switched| {
        let mut events = vec![change(&switched.active, "candidate", "active", cause)];
        events.extend(retired(&switched.gone));
        (settle(registry, &switched), events)
    }))
}

/// Throws out a candidate, or the active bundle, whose place the previous one takes. Sessions that hold it answer with it
/// no more. `None` where it is neither, or where nothing could take its place.
pub(crate) fn throw_out(
    registry: &Registry,
    model_id: &str,
    digest: &str,
    cause: &Cause,
) -> Result<Option<(Switch, Vec<Value>)>, StorageProblem> {
    let switched = registry.state().throw_out(model_id, digest, &cause.code)?;
    Ok(switched.map(|switched| {
        let mut events = Vec::new();
        for gone in &switched.gone {
            if let Some(loaded) = registry.in_use(&gone.model.digest) {
                loaded.withdraw();
            }
            log::warn!("{} {} is thrown out: {}", gone.model.model_id, gone.model.version, cause.code);
            events.push(change(gone, gone.slot.name(), "refused", cause));
            if gone.slot == Slot::Active {
                events.push(change(&switched.active, Slot::Previous.name(), Slot::Active.name(), cause));
            }
        }
        (settle(registry, &switched), events)
    }))
}

/// Takes a recalled bundle out, whatever its slot; tells its version. Sessions that hold it answer with it no more, and where
/// nothing takes its place nobody does. `None` where it is in no slot and not held in memory.
pub(crate) fn withdraw(
    registry: &Registry,
    model_id: &str,
    digest: &str,
    reason: &str,
) -> Result<Option<(String, Vec<Value>)>, StorageProblem> {
    let held = registry.held(model_id).filter(|held| held.digest == digest);
    if let Some(held) = &held {
        held.withdraw();
        registry.release(model_id);
        registry.changed();
        log::warn!("{model_id} {}, held in memory, is recalled: {reason}", held.version.version);
    }
    let Some(Withdrawal { gone, active, was }) = registry.state().withdraw(model_id, digest)? else {
        // In no slot there is no change of one to tell.
        return Ok(held.map(|held| (held.version.version.clone(), Vec::new())));
    };
    if let Some(loaded) = registry.in_use(digest) {
        loaded.withdraw();
    }
    let version = gone.model.version.clone();
    log::warn!("{model_id} {version} is recalled: {reason}");
    let cause = Cause { code: "recalled".into(), figures: json!({ "reason": reason }) };
    let mut events = vec![change(&gone, gone.slot.name(), "refused", &cause)];
    if let Some((active, was)) = active.zip(was).filter(|(_, was)| *was != Slot::Active) {
        events.push(change(&active, was.name(), Slot::Active.name(), &cause));
    }
    files::remove(registry.folder.path(), &gone.model.file);
    registry.changed();
    Ok(Some((version, events)))
}

/// Lets a candidate that has watched answer for some.
pub(crate) fn begin_canary(
    registry: &Registry,
    model_id: &str,
    digest: &str,
    cause: &Cause,
) -> Result<Vec<Value>, StorageProblem> {
    let mut state = registry.state();
    let begun = state.begin_canary(model_id, digest)?;
    let candidate = state.in_slot(model_id, Slot::Candidate)?.filter(|_| begun);
    drop(state);
    registry.changed();
    Ok(candidate.iter().map(|candidate| change(candidate, "shadow", "canary", cause)).collect())
}

/// Puts an active bundle on probation again that answered NaN; gives its trial, and the events.
pub(crate) fn watch_again(
    registry: &Registry,
    model_id: &str,
    sequence: u64,
) -> Result<Option<(Trial, Vec<Value>)>, StorageProblem> {
    let mut state = registry.state();
    let Some(trial) = state.watch_again(model_id, sequence)? else { return Ok(None) };
    let active = state.active(model_id)?;
    drop(state);
    registry.changed();
    let cause = Cause { code: "non_finite".into(), figures: json!({}) };
    let events = active.iter().map(|active| change(active, "active", "probation", &cause)).collect();
    Ok(Some((trial, events)))
}

/// Ends a probation.
pub(crate) fn confirm(
    registry: &Registry,
    model_id: &str,
    digest: &str,
    cause: &Cause,
) -> Result<Vec<Value>, StorageProblem> {
    let mut state = registry.state();
    let confirmed = state.confirm(model_id, digest)?;
    let active = state.active(model_id)?.filter(|_| confirmed);
    drop(state);
    registry.changed();
    Ok(active.iter().map(|active| change(active, "probation", "active", cause)).collect())
}

/// The events of bundles that made room for another.
pub(super) fn retired(gone: &[InstalledModel]) -> Vec<Value> {
    let cause = Cause { code: "made_room".into(), figures: json!({}) };
    gone.iter().map(|gone| change(gone, gone.slot.name(), "retired", &cause)).collect()
}

fn settle(registry: &Registry, switched: &Switched) -> Switch {
    switched.gone.iter().for_each(|gone| files::remove(registry.folder.path(), &gone.model.file));
    registry.changed();
    Switch::to(&switched.active)
}

/// The detail of an event of kind [`KIND`].
fn change(installed: &InstalledModel, from: &str, to: &str, cause: &Cause) -> Value {
    let model = &installed.model;
    json!({
        "model_id": model.model_id, "version": model.version, "sequence": model.sequence, "digest": model.digest,
        "from": from, "to": to, "cause": cause.code, "figures": cause.figures,
    })
}

/// The kind of events that tell of a bundle's change of state.
pub(crate) const KIND: &str = "model_state";

/// The events as the journal's writer enters them itself.
pub(crate) fn events(details: Vec<Value>, wall_us: i64) -> impl Iterator<Item = Event> {
    details.into_iter().map(move |detail| Event { wall_us, kind: KIND.into(), detail: detail.to_string() })
}
