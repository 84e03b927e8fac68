//! The kernel's Industrial I/O: a file a channel, whose content is the present value (`in_accel_z_raw`).

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{Source, Trouble};
use crate::stop::Stop;

/// A value takes less.
const VALUE_BYTES: usize = 64;

/// Samples that may wait for whoever answers windows: what is read late stands for another moment.
const WAITING: usize = 4096;

/// Files that are read together, in equal steps, by a thread of their own.
pub(super) struct Files(Receiver<Result<Vec<f32>, Trouble>>);

impl Files {
    pub(super) fn open(paths: &[PathBuf], period: Duration, stop: Arc<Stop>) -> Result<Self, String> {
        let open = |path: &PathBuf| match File::open(path) {
            Ok(file) => Ok((file, path.clone())),
            Err(error) => Err(format!("{}: {error}; check sensor.iio, and that its driver is loaded", path.display())),
        };
        let mut reading =
            Reading { files: paths.iter().map(open).collect::<Result<_, _>>()?, period, due: Instant::now() };
        let (to, samples) = sync_channel(WAITING);
        let read = move || {
            let mut is_wanted = true;
            while is_wanted && !stop.within(reading.early()) {
                let sample = reading.read();
                let has_failed = matches!(sample, Err(Trouble::Failed(_)));
                is_wanted = to.send(sample).is_ok() && !has_failed;
            }
        };
        thread::Builder::new().name("samples".into()).spawn(read).map_err(|error| error.to_string())?;
        Ok(Self(samples))
    }
}

impl Source for Files {
    fn read(&mut self) -> Result<Vec<f32>, Trouble> {
        // The thread ends without a word only where sampling is to end.
        self.0.recv().unwrap_or(Err(Trouble::Missed))
    }
}

struct Reading {
    files: Vec<(File, PathBuf)>,
    period: Duration,
    due: Instant,
}

impl Reading {
    /// Time until the next sample.
    fn early(&self) -> Duration {
        self.due.saturating_duration_since(Instant::now())
    }

    fn read(&mut self) -> Result<Vec<f32>, Trouble> {
        let now = Instant::now();
        if now.saturating_duration_since(self.due) > self.period {
            self.due = now;
            return Err(Trouble::Missed);
        }
        self.due += self.period;
        let failed = |path: &PathBuf, error| Trouble::Failed(format!("{}: {error}", path.display()));
        self.files.iter().map(|(file, path)| value(file).map_err(|error| failed(path, error))).collect()
    }
}

/// Reads a file from its start, as sysfs wants it for the present value; what is no number is NaN.
fn value(file: &File) -> std::io::Result<f32> {
    let mut bytes = [0; VALUE_BYTES];
    let length = file.read_at(&mut bytes, 0)?;
    let text = std::str::from_utf8(&bytes[..length]).unwrap_or_default();
    Ok(text.trim().parse().unwrap_or(f32::NAN))
}
