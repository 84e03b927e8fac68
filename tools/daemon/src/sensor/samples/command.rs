//! A program that prints samples: a line each, the channels of it apart by blanks or commas.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::{Source, Trouble};
use crate::stop::Stop;

/// Samples that may wait: what a program prints in one piece.
const WAITING: usize = 4096;
/// Longest line of a sample.
const MAX_LINE_BYTES: u64 = 4096;
/// A program that gives nothing for so long, and for so many samples, hangs.
const SILENCE: Duration = Duration::from_secs(5);
const SILENT_SAMPLES: u32 = 10;
/// Between two looks at whether sampling is to end.
const LOOK: Duration = Duration::from_millis(100);

/// A program that runs. It is ended with this.
pub(super) struct Program {
    child: Child,
    samples: Receiver<Vec<f32>>,
    silence: Duration,
    stop: Arc<Stop>,
}

impl Program {
    pub(super) fn start(command: &[String], period: Duration, stop: Arc<Stop>) -> Result<Self, String> {
        let (program, arguments) = command.split_first().ok_or("there is no program")?;
        let mut start = Command::new(program);
        // A group of its own, so that a shell is not ended without what it has started.
        start.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
        let child =
            start.spawn().map_err(|error| format!("{program} cannot be started ({error}); check sensor.command"))?;
        let (to, samples) = sync_channel(WAITING);
        let mut program = Self { child, samples, silence: SILENCE.max(period * SILENT_SAMPLES), stop };
        if let Some(output) = program.child.stdout.take() {
            let reading = thread::Builder::new().name("samples".into()).spawn(move || read(output, &to));
            reading.map_err(|error| error.to_string())?;
        }
        Ok(program)
    }

    /// With everything that it has started. What has ended cannot be killed, and that is well.
    fn kill(&mut self) {
        if let Some(group) = Pid::from_raw(self.child.id().cast_signed()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Source for Program {
    fn read(&mut self) -> Result<Vec<f32>, Trouble> {
        let mut silent = Duration::ZERO;
        while silent < self.silence {
            match self.samples.recv_timeout(LOOK) {
                Ok(sample) => return Ok(sample),
                Err(RecvTimeoutError::Timeout) if self.stop.within(Duration::ZERO) => break,
                Err(RecvTimeoutError::Timeout) => silent += LOOK,
                Err(RecvTimeoutError::Disconnected) => {
                    // One that has closed its output and runs on is of no use.
                    thread::sleep(LOOK);
                    self.kill();
                    let how = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                    return Err(Trouble::Failed(format!("its program has ended ({how})")));
                }
            }
        }
        let silent = silent.as_secs();
        Err(Trouble::Failed(format!("its program gives nothing for {silent} s; look whether the sensor hangs")))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}

/// Reads to the end of the output, or until nobody wants samples any more.
fn read(output: ChildStdout, to: &SyncSender<Vec<f32>>) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = output.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
        if !length.is_ok_and(|length| length > 0) || to.send(sample(&line)).is_err() {
            return;
        }
    }
}

/// The numbers of a line; what is none is NaN, which no model is given.
fn sample(line: &[u8]) -> Vec<f32> {
    let words = line.split(|byte| byte.is_ascii_whitespace() || *byte == b',').filter(|word| !word.is_empty());
    let number = |word: &[u8]| std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
    words.map(|word| number(word).unwrap_or(f32::NAN)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_sample_and_what_is_no_number_is_nan() {
        assert_eq!(sample(b"1 -2.5,3e-1\r\n"), [1.0, -2.5, 0.3]);
        assert_eq!(sample(b"\n"), [0.0; 0]);
        let odd = sample(b"x nan inf \xff");
        assert!(odd[0].is_nan() && odd[1].is_nan() && odd[2].is_infinite() && odd[3].is_nan());
    }
}
