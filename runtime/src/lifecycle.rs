//! What people do with a model's versions by hand: try one, promote it, go back, and ask how a trial stands.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::journal::Reader;
use crate::registry::{self, Aim, Cause, InstallError, InstallReport, Source, Switch, SwitchError, install};
use crate::runtime::Runtime;
use crate::store::{InstalledModel, Slot, StorageProblem, Trial};
use crate::trial::judged;

/// How a trial stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TrialReport {
    /// Name of the model.
    pub model_id: String,
    /// Version of the proven bundle.
    pub incumbent: String,
    /// Version of the new one.
    pub challenger: String,
    /// How far the new one has come: `shadow`, `canary`, `probation`.
    pub stage: &'static str,
    /// Since when, in microseconds since the Unix epoch.
    pub since_us: i64,
    /// What is to become of it, by what was counted so far: `wait`, `advance`, `throw_out`.
    pub verdict: &'static str,
    /// Why, for programs.
    pub cause: &'static str,
    /// The figures behind it: docs/lifecycle.md has a line for each.
    pub figures: Value,
}

impl Runtime {
    /// Installs a bundle to be tried: after the same checks it becomes the candidate of its model, and watches in sessions
    /// opened from now on. What becomes of it is decided by what they see, by [`TrialPolicy`](crate::TrialPolicy); events tell. The first bundle
    /// of a model becomes the active one.
    ///
    /// # Errors
    /// As [`Runtime::install`].
    pub fn install_candidate(&self, bundle: &Path) -> Result<InstallReport, InstallError> {
        install(&self.shared, bundle, Source::Outside, Aim::Try)
    }

    /// Makes a model's candidate the active one by hand, without waiting for its trial, which goes on with the roles
    /// exchanged.
    ///
    /// # Errors
    /// [`SwitchError`] when there is no candidate, or `state.db` cannot be written; nothing has changed then.
    pub fn activate(&self, model_id: &str) -> Result<Switch, SwitchError> {
        let registry = &self.shared.registry;
        let candidate = registry.state().in_slot(model_id, Slot::Candidate)?;
        let missing = || SwitchError::NoCandidate { model_id: model_id.to_owned() };
        let digest = candidate.ok_or_else(missing)?.model.digest;
        let switched = registry::activate(registry, model_id, &digest, &Cause::by_hand())?;
        Ok(self.told(switched.ok_or_else(missing)?))
    }

    /// Throws a model's active bundle out by hand: the previous one answers from now on, also in sessions that are open,
    /// and neither that sequence nor a lower one is taken again here.
    ///
    /// # Errors
    /// [`SwitchError`] when there is no previous one, or `state.db` cannot be written; nothing has changed then.
    pub fn rollback(&self, model_id: &str) -> Result<Switch, SwitchError> {
        let active = self.shared.registry.state().active(model_id)?;
        self.throw_out(model_id, active, SwitchError::NoPrevious { model_id: model_id.to_owned() })
    }

    /// Throws a model's candidate out by hand.
    ///
    /// # Errors
    /// [`SwitchError`] when there is no candidate, or `state.db` cannot be written; nothing has changed then.
    pub fn reject(&self, model_id: &str) -> Result<Switch, SwitchError> {
        let candidate = self.shared.registry.state().in_slot(model_id, Slot::Candidate)?;
        self.throw_out(model_id, candidate, SwitchError::NoCandidate { model_id: model_id.to_owned() })
    }

    fn throw_out(
        &self,
        model_id: &str,
        bundle: Option<InstalledModel>,
        missing: SwitchError,
    ) -> Result<Switch, SwitchError> {
        let Some(bundle) = bundle else { return Err(missing) };
        let registry = &self.shared.registry;
        let switched = registry::throw_out(registry, model_id, &bundle.model.digest, &Cause::by_hand())?;
        Ok(self.told(switched.ok_or(missing)?))
    }

    /// How the trials stand that are on, by model.
    ///
    /// # Errors
    /// [`StorageProblem`] when `state.db` or the journal cannot be read.
    pub fn trials(&self) -> Result<Vec<TrialReport>, StorageProblem> {
        self.shared.journal.flush()?;
        let reader = Reader::open(self.shared.registry.folder.path())?;
        let state = self.shared.registry.state();
        let models = state.models()?;
        let of = |digest: &str| models.iter().find(|model| model.model.digest == digest);
        let mut reports = Vec::new();
        for active in models.iter().filter(|model| model.slot == Slot::Active) {
            let Some(trial) = state.trial(&active.model.model_id)? else { continue };
            let (Some(incumbent), Some(challenger)) = (of(&trial.incumbent), of(&trial.challenger)) else { continue };
            let tally = reader.trial(&trial.model_id, &trial.challenger)?;
            reports.push(self.report(trial, [incumbent, challenger], tally));
        }
        Ok(reports)
    }

    fn report(
        &self,
        trial: Trial,
        [incumbent, challenger]: [&InstalledModel; 2],
        tally: Option<String>,
    ) -> TrialReport {
        let judged = judged(tally.as_deref(), trial.stage, &self.shared.trial);
        TrialReport {
            model_id: trial.model_id,
            incumbent: incumbent.model.version.clone(),
            challenger: challenger.model.version.clone(),
            stage: trial.stage.name(),
            since_us: trial.since_us,
            verdict: judged.verdict.name(),
            cause: judged.cause,
            figures: judged.figures,
        }
    }

    /// Enters what was changed in the journal.
    fn told(&self, (switch, events): (Switch, Vec<Value>)) -> Switch {
        self.shared.enter_changes(&events);
        switch
    }
}
