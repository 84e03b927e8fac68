//! Which engine runs models here: `DUNLIN_ENGINE` names one.

use dunlin_engine::{Engine, ReferenceEngine};

use crate::error::{CliError, Kind};

const VARIABLE: &str = "DUNLIN_ENGINE";

/// The engine named by the environment, else the default one.
pub(crate) fn chosen() -> Result<Box<dyn Engine>, CliError> {
    match std::env::var(VARIABLE).as_deref() {
        Err(_) | Ok("" | "reference") => Ok(Box::new(ReferenceEngine)),
        Ok(other) => {
            let message = format!("{VARIABLE}={other}: there is no such engine; use reference, or leave it unset");
            Err(CliError::new(Kind::Usage, "no_such_engine", message))
        }
    }
}
