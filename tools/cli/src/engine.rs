//! Which engine runs models here, and on which instruction set: `DUNLIN_ENGINE` and `DUNLIN_ISA`.

use std::env;
use std::sync::Arc;

use dunlin_engine::{Engine, Isa, IsaError, PlanEngine, ReferenceEngine};

use crate::error::{CliError, Kind};

const ENGINE: &str = "DUNLIN_ENGINE";
const ISA: &str = "DUNLIN_ISA";

/// The engine named by the environment, else the plan on the best instruction set of this CPU.
pub(crate) fn chosen() -> Result<Arc<dyn Engine + Send + Sync>, CliError> {
    match (variable(ENGINE).as_deref(), variable(ISA)) {
        (None | Some("plan"), None) => Ok(Arc::new(PlanEngine::default())),
        (None | Some("plan"), Some(isa)) => {
            Ok(Arc::new(forced(&isa).map_err(|error| wrong(&format!("{ISA}: {error}")))?))
        }
        (Some("reference"), _) => Ok(Arc::new(ReferenceEngine)),
        (Some(other), _) => Err(wrong(&format!("{ENGINE}: there is no engine '{other}'; use plan or reference"))),
    }
}

/// The same in words, for another process: whether it is the reference engine, and the instruction set that is forced.
pub(crate) fn named() -> Result<(bool, Option<String>), CliError> {
    chosen().map(|_| (variable(ENGINE).as_deref() == Some("reference"), variable(ISA)))
}

fn forced(isa: &str) -> Result<PlanEngine, IsaError> {
    PlanEngine::new(isa.parse::<Isa>()?)
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn wrong(message: &str) -> CliError {
    CliError::new(Kind::Usage, "no_such_engine", message)
}
