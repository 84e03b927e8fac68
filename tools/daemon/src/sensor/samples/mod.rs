//! Samples in equal steps: of a program that prints them, or of the kernel's IIO files.

mod command;
mod iio;

use std::sync::Arc;
use std::time::Duration;

use crate::config::{self, SensorSource};
use crate::stop::Stop;
use command::Program;
use iio::Files;

/// Pause before a sensor that failed is tried again: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What comes next.
pub(super) enum Next {
    /// A value for each channel.
    Sample(Vec<f32>),
    /// Samples were missed.
    Gap,
}

/// A sensor, sampled until it is stopped.
pub(super) struct Samples<'s> {
    sensor: &'s config::Sensor,
    stop: Arc<Stop>,
    reading: Option<Box<dyn Source>>,
    pause: Duration,
}

/// Where samples are read.
trait Source {
    /// The next sample; why there is none.
    fn read(&mut self) -> Result<Vec<f32>, Trouble>;
}

/// Why there is no next sample.
enum Trouble {
    /// It was not read in time; the one after it may be.
    Missed,
    /// The sensor has to be begun anew.
    Failed(String),
}

impl<'s> Samples<'s> {
    pub(super) fn new(sensor: &'s config::Sensor, stop: Arc<Stop>) -> Self {
        Self { sensor, stop, reading: None, pause: FIRST_PAUSE }
    }

    /// The next sample, or that some were missed; none once it is stopped. A sensor that fails is tried again, with pauses
    /// that grow.
    pub(super) fn next(&mut self) -> Option<Next> {
        if self.stop.within(Duration::ZERO) {
            return None;
        }
        match self.read() {
            Ok(mut sample) => {
                self.pause = FIRST_PAUSE;
                sample.iter_mut().for_each(|value| *value = (*value + self.sensor.offset) * self.sensor.scale);
                Some(Next::Sample(sample))
            }
            Err(Trouble::Missed) => Some(Next::Gap),
            Err(Trouble::Failed(problem)) => {
                log::warn!("sensor: {problem}; it is tried again in {} s", self.pause.as_secs());
                self.reading = None;
                if self.stop.within(self.pause) {
                    return None;
                }
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                Some(Next::Gap)
            }
        }
    }

    fn read(&mut self) -> Result<Vec<f32>, Trouble> {
        let reading = match &mut self.reading {
            Some(reading) => reading,
            none => none.insert(open(self.sensor, &self.stop).map_err(Trouble::Failed)?),
        };
        reading.read()
    }
}

fn open(sensor: &config::Sensor, stop: &Arc<Stop>) -> Result<Box<dyn Source>, String> {
    let period = Duration::from_secs_f64(sensor.rate_hz.recip());
    Ok(match &sensor.source {
        SensorSource::Command(command) => Box::new(Program::start(command, period, Arc::clone(stop))?),
        SensorSource::Iio(files) => Box::new(Files::open(files, period, Arc::clone(stop))?),
    })
}
