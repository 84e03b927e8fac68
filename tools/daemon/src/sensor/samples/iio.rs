//! The kernel's Industrial I/O: a file a channel, whose content is the present value (`in_accel_z_raw`).

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Source, Trouble};
use crate::stop::Stop;

/// A value takes less.
const VALUE_BYTES: usize = 64;

/// Files that are read together, in equal steps.
pub(super) struct Files<'s> {
    files: Vec<(File, &'s PathBuf)>,
    period: Duration,
    due: Instant,
    stop: Arc<Stop>,
}

impl<'s> Files<'s> {
    pub(super) fn open(paths: &'s [PathBuf], period: Duration, stop: Arc<Stop>) -> Result<Self, String> {
        let open = |path: &'s PathBuf| match File::open(path) {
            Ok(file) => Ok((file, path)),
            Err(error) => Err(format!("{}: {error}; check sensor.iio, and that its driver is loaded", path.display())),
        };
        Ok(Self { files: paths.iter().map(open).collect::<Result<_, _>>()?, period, due: Instant::now(), stop })
    }
}

impl Source for Files<'_> {
    fn read(&mut self) -> Result<Vec<f32>, Trouble> {
        let now = Instant::now();
        match self.due.checked_duration_since(now) {
            Some(early) => drop(self.stop.within(early)),
            // A value that is read a step later stands for another moment.
            None if now.duration_since(self.due) > self.period => {
                self.due = now;
                return Err(Trouble::Missed);
            }
            None => {}
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
