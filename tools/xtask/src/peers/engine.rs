//! A process that keeps one model loaded in one engine and runs it in bursts on demand.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A burst lasts about so long.
const BURST_NS: f64 = 8e6;

/// One engine with one model.
pub(super) struct Engine {
    child: Child,
    say: Option<ChildStdin>,
    hear: BufReader<ChildStdout>,
    /// The numbers that it said when it was ready.
    pub(super) ready: Vec<f64>,
    runs_in_a_burst: u64,
}

impl Engine {
    /// Starts the process and waits until its model is loaded and warm.
    pub(super) fn start(command: &mut Command) -> Result<Self, String> {
        let program = command.get_program().to_string_lossy().into_owned();
        let cannot = |error: std::io::Error| format!("{program}: {error}");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(cannot)?;
        let (say, hear) = (child.stdin.take(), child.stdout.take());
        let hear = BufReader::new(hear.ok_or_else(|| format!("{program} has no output"))?);
        let mut engine = Self { child, say, hear, ready: Vec::new(), runs_in_a_burst: 1 };
        let line = engine.line()?;
        let Some(numbers) = line.strip_prefix("ready") else { return Err(format!("{program} says: {line}")) };
        engine.ready = numbers.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        engine.fit_the_burst()?;
        Ok(engine)
    }

    fn fit_the_burst(&mut self) -> Result<(), String> {
        let mut runs = 1_u64;
        loop {
            let taken = self.run(runs)?;
            if taken >= BURST_NS / 4.0 {
                self.runs_in_a_burst = ((runs as f64 * BURST_NS / taken) as u64).max(1);
                return Ok(());
            }
            runs *= 2;
        }
    }

    /// Nanoseconds of CPU time of an inference, the mean of a burst; a short one before it fills the caches that other
    /// engines have used meanwhile.
    pub(super) fn burst(&mut self) -> Result<f64, String> {
        self.run((self.runs_in_a_burst / 4).max(1))?;
        Ok(self.run(self.runs_in_a_burst)? / self.runs_in_a_burst as f64)
    }

    fn run(&mut self, times: u64) -> Result<f64, String> {
        let Some(say) = &mut self.say else { return Err("the engine has ended".to_owned()) };
        writeln!(say, "{times}").map_err(|error| error.to_string())?;
        let line = self.line()?;
        line.parse().map_err(|_| format!("no number of nanoseconds: {line}"))
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.hear.read_line(&mut line) {
            Ok(0) => Err("the engine ended without an answer".to_owned()),
            Ok(_) => Ok(line.trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Engine {
    /// Its input ends, and so does it.
    fn drop(&mut self) {
        self.say = None;
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_burst_is_the_mean_of_as_many_runs_as_fill_it() -> Result<(), String> {
        let engine = "echo ready 3 4.5; while read n; do echo $((n * 1000)); done";
        let mut engine = Engine::start(&mut shell(engine))?;
        assert_eq!(engine.ready, [3.0, 4.5]);
        assert_eq!(engine.runs_in_a_burst, 8_000);
        assert_eq!(engine.burst()?, 1_000.0);
        Ok(())
    }

    #[test]
    fn an_engine_that_says_what_is_wrong_is_quoted() {
        let failed = Engine::start(&mut shell("echo no such model")).map(drop);
        assert_eq!(failed, Err("sh says: no such model".to_owned()));
    }
}
