//! The measuring process: this program again, with nothing in it but a runtime.

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

use super::args::Asked;
use super::measure::measure;
use super::measured::Measured;
use crate::error::{CliError, Kind};
use crate::output::Output;

/// The first argument with which this program measures; the second is the job.
const MEASURE: &str = "measure-budget";

/// What a measuring process is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Job {
    /// A signed bundle, which has passed every check.
    pub(super) bundle: PathBuf,
    /// Files of the public keys to trust.
    pub(super) keys: Vec<PathBuf>,
    pub(super) asked: Asked,
}

impl Job {
    /// Has it done by a process of its own.
    pub(super) fn measured(&self) -> Result<Measured, CliError> {
        let failed = |error: &dyn std::fmt::Display| {
            CliError::new(Kind::Failed, "budget", format!("the measuring process: {error}"))
        };
        let job = serde_json::to_string(self).map_err(|error| failed(&error))?;
        let program = env::current_exe().map_err(|error| failed(&error))?;
        let ended = Command::new(program).args([MEASURE, &job]).output().map_err(|error| failed(&error))?;
        if !ended.status.success() {
            return Err(failed(&String::from_utf8_lossy(&ended.stderr).trim()));
        }
        serde_json::from_slice(&ended.stdout).map_err(|error| failed(&error))
    }
}

/// Measures, where this process was started to; `None` where it was started for a command.
pub(crate) fn measuring_process() -> Option<ExitCode> {
    let mut words = env::args().skip(1);
    let job = words.next().filter(|word| word == MEASURE).and(words.next())?;
    let job = serde_json::from_str(&job).map_err(|error| CliError::new(Kind::Usage, "no_job", error));
    let measured = job.and_then(|job| measure(&job));
    let text = measured.and_then(|measured| {
        serde_json::to_string(&measured).map_err(|error| CliError::new(Kind::Failed, "budget", error))
    });
    let output = Output { json: false };
    Some(match text {
        Ok(text) => {
            output.line(&text);
            ExitCode::SUCCESS
        }
        Err(error) => error.report(output),
    })
}
