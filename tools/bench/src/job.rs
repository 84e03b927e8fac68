//! What is to be measured, and the process that does it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use dunlin_engine::{Engine, EngineError, Isa, PlanEngine, ReferenceEngine};
use serde::{Deserialize, Serialize};

use crate::error::{BenchError, Failure};
use crate::figures::Figures;
use crate::{bursts, load, measure, noise, process, steps};

/// What a measuring process is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// An installed copy of a bundle: read-only, and nobody else writes it.
    pub copy: PathBuf,
    /// Files of the public keys to trust.
    pub keys: Vec<PathBuf>,
    /// Sessions that run at once, each on a thread of its own.
    pub threads: u16,
    /// Records in an inference.
    pub batch: u32,
    /// How long to measure.
    pub seconds: f64,
    /// The reference engine instead of the plan.
    pub reference: bool,
    /// Name of the instruction set of the plan; the best of this CPU where there is none.
    pub isa: Option<String>,
    /// Answer each line of standard input that holds a number with the nanoseconds of CPU time that so many inferences
    /// took, instead of measuring once.
    pub bursts: bool,
}

/// Does a job, given as JSON: prints the figures as JSON, or a [`BenchError`] as JSON on standard error.
pub fn measuring_process(job: &str) -> ExitCode {
    let job: Result<Job, _> = serde_json::from_str(job);
    match job.map_err(|error| BenchError::new(Failure::Usage, "no_job", error)).and_then(|job| job.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Texts always serialise.
            eprintln!("{}", serde_json::to_string(&error).unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

impl Job {
    /// Has it done by a process of `program`, to which the job is given after `words`.
    ///
    /// # Errors
    /// [`BenchError`] of the process, or when it cannot be started.
    pub fn figures(&self, program: &Path, words: &[&str]) -> Result<Figures, BenchError> {
        let stdout = self.ended(self.process(program, words)?.stdout(Stdio::piped()).spawn())?;
        serde_json::from_slice(&stdout).map_err(BenchError::process)
    }

    /// The same for a job of bursts: the process listens and speaks in the place of this one.
    ///
    /// # Errors
    /// As [`Job::figures`].
    pub fn answer_bursts(&self, program: &Path, words: &[&str]) -> Result<(), BenchError> {
        self.ended(self.process(program, words)?.spawn()).map(drop)
    }

    fn process(&self, program: &Path, words: &[&str]) -> Result<Command, BenchError> {
        let mut command = Command::new(program);
        command.args(words).arg(serde_json::to_string(self).map_err(BenchError::process)?).stderr(Stdio::piped());
        Ok(command)
    }

    /// What the process printed, or what it said was wrong.
    fn ended(&self, child: std::io::Result<Child>) -> Result<Vec<u8>, BenchError> {
        let ended = child.and_then(Child::wait_with_output).map_err(BenchError::process)?;
        if ended.status.success() {
            return Ok(ended.stdout);
        }
        let said = String::from_utf8_lossy(&ended.stderr);
        let told = said.lines().rev().find_map(|line| serde_json::from_str(line).ok());
        Err(told.unwrap_or_else(|| BenchError::process(format!("{}; {}", ended.status, said.trim()))))
    }

    fn run(&self) -> Result<(), BenchError> {
        let loaded = load::load(&self.copy, &self.keys, &*self.engine()?)?;
        let inputs = noise::inputs(&loaded.graph, self.batch as usize);
        let of_bundle = |error: EngineError| BenchError::of(&self.copy, "cannot_run", error);
        if self.bursts {
            return bursts::answer(&loaded, &inputs, &of_bundle);
        }
        let budget = Duration::from_secs_f64(self.seconds);
        let timing = measure::sessions(&loaded.model, &inputs, self.threads, budget).map_err(of_bundle)?;
        // Read before the steps are: what observes them is no part of what a session needs.
        let peak_rss_kb = process::peak_rss_kb();
        let plan = loaded.model.report(self.batch as usize).map_err(of_bundle)?;
        let count = plan.as_ref().map_or(0, |plan| plan.steps.len());
        let step_ns = steps::observe(&loaded.model, &inputs, count, budget / 4).map_err(of_bundle)?;
        let figures = Figures::new((self.batch, self.threads), &loaded, &timing, peak_rss_kb, plan, &step_ns);
        let text = serde_json::to_string(&figures).map_err(BenchError::process)?;
        std::io::stdout().write_all(text.as_bytes()).map_err(BenchError::process)
    }

    fn engine(&self) -> Result<Arc<dyn Engine>, BenchError> {
        if self.reference {
            return Ok(Arc::new(ReferenceEngine));
        }
        let Some(isa) = &self.isa else { return Ok(Arc::new(PlanEngine::default())) };
        let plan = isa.parse::<Isa>().and_then(PlanEngine::new);
        Ok(Arc::new(plan.map_err(|error| BenchError::new(Failure::Usage, "no_such_engine", error))?))
    }
}
