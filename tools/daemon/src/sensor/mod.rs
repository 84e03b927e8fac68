//! A sensor that is sampled here: samples in, windows of them as records, answers to sinks and to whoever follows.

mod samples;
mod window;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use dunlin::schema::{FeatureType, Schema};
use dunlin::{DType, FeatureError, Record, TensorValue};

use crate::config;
use crate::error::DaemonError;
use crate::served::{Following, Served, tell_once};
use crate::stop::Stop;
use samples::{Next, Samples};
use window::Window;

/// What the sensor has given, for `dunlin ctl status`.
#[derive(Default)]
pub(crate) struct SensorCounts {
    /// Windows that were answered or refused.
    pub(crate) windows: AtomicU64,
    /// Times that samples were missed, so that a window was begun anew.
    pub(crate) gaps: AtomicU64,
    /// Windows in which every sample was the same: a sensor that is stuck.
    pub(crate) frozen: AtomicU64,
}

/// A sensor that is being sampled.
pub(crate) struct Sensor {
    stop: Arc<Stop>,
    thread: JoinHandle<()>,
}

/// The tensor feature that takes windows.
struct Target {
    length: usize,
    channels: usize,
    shape: Vec<usize>,
}

/// Samples it from now on, in a thread of its own.
pub(crate) fn start(sensor: config::Sensor, served: &Arc<Served>) -> Result<Sensor, DaemonError> {
    if let Ok(session) = served.session() {
        target(session.schema(), &sensor).map_err(DaemonError::Sensor)?;
    }
    let stop = Arc::new(Stop::default());
    let (served, stopped) = (Arc::clone(served), Arc::clone(&stop));
    let sample = move || run(&sensor, &served, &stopped);
    let thread = thread::Builder::new().name("sensor".into()).spawn(sample).map_err(DaemonError::Thread)?;
    Ok(Sensor { stop, thread })
}

impl Sensor {
    /// Whether it samples no more, though nobody has ended it.
    pub(crate) fn has_failed(&self) -> bool {
        self.thread.is_finished()
    }

    /// The window that is being answered is answered; nothing more is sampled.
    pub(crate) fn end(self) {
        self.stop.now();
        // A thread that panicked has said so.
        let _ = self.thread.join();
    }
}

fn run(sensor: &config::Sensor, served: &Served, stop: &Arc<Stop>) {
    let mut samples = Samples::new(sensor, Arc::clone(stop));
    let mut sampler = Sampler { sensor, served, following: served.follow(), window: None, trouble: String::new() };
    while let Some(next) = samples.next() {
        match next {
            Next::Sample(sample) => sampler.take(&sample),
            Next::Gap => sampler.begin_anew(),
        }
    }
}

/// Makes windows of samples, and records of windows.
struct Sampler<'s> {
    sensor: &'s config::Sensor,
    served: &'s Served,
    following: Following<'s>,
    window: Option<Window>,
    /// Why the active version takes no windows, told once.
    trouble: String,
}

impl Sampler<'_> {
    /// A window holds samples in equal steps or is none.
    fn begin_anew(&mut self) {
        self.window = None;
        self.served.sensor.gaps.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes a sample, and answers the window that it completes. Without a model that takes windows, samples are let go.
    fn take(&mut self, sample: &[f32]) {
        let Some(window) = self.window.take().or_else(|| self.begin()) else { return };
        let window = self.window.insert(window);
        if window.push(sample) {
            self.answer();
        }
    }

    /// An empty window of the size that the model takes now.
    fn begin(&mut self) -> Option<Window> {
        let target = match target(self.following.session().ok()?.schema(), self.sensor) {
            Ok(target) => target,
            Err(why) => {
                tell_once(&mut self.trouble, format!("nothing of the sensor is answered: {why}"));
                return None;
            }
        };
        Some(Window::new(target.length, target.channels, self.sensor.hop.unwrap_or(target.length)))
    }

    fn answer(&mut self) {
        let (Some(window), Ok(session)) = (&self.window, self.following.session()) else { return };
        let target = target(session.schema(), self.sensor).ok();
        let Some(target) = target.filter(|target| window.is_of(target.length, target.channels)) else {
            // Another version wants windows of another size, or none.
            self.window = None;
            return;
        };
        let counts = &self.served.sensor;
        counts.windows.fetch_add(1, Ordering::Relaxed);
        let is_stuck = window.is_constant() && !self.sensor.allow_constant;
        if is_stuck && counts.frozen.fetch_add(1, Ordering::Relaxed) == 0 {
            log::warn!("every sample of a window is the same: look whether the sensor is stuck");
        }
        let record = match is_stuck {
            true => Err(FeatureError::Constant { feature: self.sensor.feature.clone() }),
            false => record(session.schema(), self.sensor, &target, &window.samples()),
        };
        self.following.answer_and_tell(record);
    }
}

/// The feature's form; a message where it cannot take windows.
fn target(schema: &Schema, sensor: &config::Sensor) -> Result<Target, String> {
    let name = &sensor.feature;
    let feature = schema.feature.iter().find(|feature| feature.name == *name);
    let feature = feature.ok_or_else(|| format!("it has no feature '{name}'; correct sensor.feature"))?;
    if feature.kind != FeatureType::Tensor || feature.dtype != Some(DType::F32) {
        return Err(format!("'{name}' is no tensor of F32, which a window of samples is"));
    }
    let shape = feature.tensor_sizes();
    let (length, channels) = match *shape.as_slice() {
        [length] => (length, 1),
        [length, channels] => (length, channels),
        _ => {
            return Err(format!(
                "'{name}' has {} dimensions; a window has samples, or samples and channels",
                shape.len()
            ));
        }
    };
    if let config::SensorSource::Iio(files) = &sensor.source
        && files.len() != channels
    {
        return Err(format!("'{name}' has {channels} channels, and sensor.iio names {} files", files.len()));
    }
    if let Some(stranger) = sensor.with.keys().find(|other| schema.position(other).is_none()) {
        return Err(format!("it has no feature '{stranger}'; correct sensor.with"));
    }
    Ok(Target { length, channels, shape })
}

fn record(
    schema: &Schema,
    sensor: &config::Sensor,
    target: &Target,
    samples: &[f32],
) -> Result<Record<'static>, FeatureError> {
    let mut record = Record::from_json(schema, &sensor.with)?;
    record.set(schema, &sensor.feature, TensorValue::from_f32(&target.shape, samples))?;
    Ok(record)
}
