//! What people do with a model's versions by hand: try one, promote it, go back, and ask how a trial stands.

use std::path::Path;

use crate::error::DunlinError;
use crate::install::InstallReport;
use crate::runtime::Runtime;
use crate::trial::{Switch, TrialReport};

#[uniffi::export]
impl Runtime {
    /// Installs a bundle to be tried: after every check it becomes the candidate of its model, and watches in sessions opened
    /// from now on. What they see decides on it. The first bundle of a model becomes the active one.
    ///
    /// # Errors
    /// As `install`.
    pub fn install_candidate(&self, path: String) -> Result<InstallReport, DunlinError> {
        self.call(|core| core.install_candidate(Path::new(&path))?.try_into())
    }

    /// Makes a model's candidate the active one by hand; its trial goes on with the roles exchanged.
    ///
    /// # Errors
    /// [`DunlinError::Refused`] (`no_candidate`) when there is none.
    pub fn activate(&self, model_id: String) -> Result<Switch, DunlinError> {
        self.call(|core| Ok(core.activate(&model_id)?.into()))
    }

    /// Throws a model's active version out by hand: the previous one answers from now on, also in sessions that are open, and
    /// neither that sequence nor a lower one is taken again here.
    ///
    /// # Errors
    /// [`DunlinError::Refused`] (`no_previous`) when there is none to go back to.
    pub fn rollback(&self, model_id: String) -> Result<Switch, DunlinError> {
        self.call(|core| Ok(core.rollback(&model_id)?.into()))
    }

    /// Throws a model's candidate out by hand.
    ///
    /// # Errors
    /// [`DunlinError::Refused`] (`no_candidate`) when there is none.
    pub fn reject(&self, model_id: String) -> Result<Switch, DunlinError> {
        self.call(|core| Ok(core.reject(&model_id)?.into()))
    }

    /// How the trials stand that are on, by model.
    ///
    /// # Errors
    /// [`DunlinError::Storage`] when the registry or the journal cannot be read.
    pub fn trials(&self) -> Result<Vec<TrialReport>, DunlinError> {
        self.call(|core| Ok(core.trials()?.into_iter().map(Into::into).collect()))
    }
}
