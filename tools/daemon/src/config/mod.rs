//! What the daemon is told to do: the command line before the environment before the file, checked before anything starts.

mod file;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dunlin::journal::{JournalConfig, Retention};
use dunlin::outbox::Link;
use dunlin::{TrustedKeys, UpdatePolicy};
use dunlin_transport::HttpTransport;
use serde_json::{Map, Value};

use crate::args::Args;
use crate::error::DaemonError;
use file::File;

/// Slowest and fastest sampling. Beyond the latter a sample's line of text costs more than the sample.
const MIN_RATE_HZ: f64 = 0.001;
const MAX_RATE_HZ: f64 = 100_000.0;
/// What may come of a record.
const VERDICTS: &[&str] = &["accept", "abstain", "refused"];

/// Everything that was decided, with the files that it names read.
pub(crate) struct Config {
    pub(crate) state_directory: PathBuf,
    pub(crate) model: String,
    pub(crate) bundle: Option<PathBuf>,
    pub(crate) keys: TrustedKeys,
    pub(crate) journal: JournalConfig,
    pub(crate) control: Option<PathBuf>,
    pub(crate) socket: Option<PathBuf>,
    pub(crate) stdin: bool,
    pub(crate) limits: Limits,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) sensor: Option<Sensor>,
    pub(crate) sinks: Vec<Sink>,
    pub(crate) chores: Chores,
    pub(crate) updates: Option<UpdatePolicy>,
}

/// How much clients may ask for.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Connections at a time; each has a session of its own.
    pub(crate) connections: usize,
    /// Longest line.
    pub(crate) line_bytes: usize,
}

/// What is sampled, and which records are made of it.
#[derive(Clone)]
pub(crate) struct Sensor {
    /// The tensor feature that takes a window of samples.
    pub(crate) feature: String,
    pub(crate) source: SensorSource,
    /// Samples a second.
    pub(crate) rate_hz: f64,
    /// Samples from the start of one window to that of the next; a window's length unless it is given.
    pub(crate) hop: Option<usize>,
    /// A sample is (what was read + offset) x scale, as the kernel's IIO has it.
    pub(crate) scale: f32,
    pub(crate) offset: f32,
    /// A window in which every sample is the same is answered; else it is refused, as of a sensor that is stuck.
    pub(crate) allow_constant: bool,
    /// The record's other features.
    pub(crate) with: Map<String, Value>,
}

/// Where samples come from.
#[derive(Clone)]
pub(crate) enum SensorSource {
    /// A program that prints them, the channels of one on a line.
    Command(Vec<String>),
    /// Files of the kernel's IIO, one a channel, each read once a sample.
    Iio(Vec<PathBuf>),
}

/// A program that is told some of the answers.
#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) command: Vec<String>,
    /// `accept`, `abstain`, `refused`; any where there is none.
    pub(crate) verdicts: Vec<String>,
    /// Classes; any where there is none.
    pub(crate) classes: Vec<String>,
    /// Shortest time from one start to the next.
    pub(crate) min_interval: Duration,
}

/// What is done by the clock.
pub(crate) struct Chores {
    pub(crate) receiver: Option<HttpTransport>,
    pub(crate) link: Link,
    pub(crate) every: Duration,
}

impl Config {
    /// Decides every setting and reads the keys, the token and the root.
    pub(crate) fn read(args: &Args) -> Result<Self, DaemonError> {
        let file = args.config.as_deref().map_or_else(|| Ok(File::default()), parse)?;
        let given = &args.settings;
        let systemd = std::env::var_os("STATE_DIRECTORY").map(PathBuf::from);
        let state_directory = given.state_directory.clone().or(file.state_directory).or(systemd);
        let keys = if given.keys.is_empty() { &file.keys } else { &given.keys };
        let socket = given.socket.clone().or(file.input.socket);
        let stdin = given.stdin || file.input.stdin;
        if socket.is_none() && !stdin && file.folder.is_none() && file.sensor.is_none() {
            return Err(lacking("input.socket", "give a path to answer on, or input.stdin, [folder] or [sensor]"));
        }
        let model = given.model.clone().or(file.model).ok_or_else(|| lacking("model", "name the one that answers"))?;
        let updates = file.updates.map(|updates| policy(updates, &model)).transpose()?;
        let chores = chores(given.url.clone(), given.token_file.clone(), file.receiver)?;
        if updates.is_some() && chores.receiver.is_none() {
            return Err(lacking("receiver.url", "[updates] come from there"));
        }
        if file.input.max_connections == 0 || file.input.max_line_bytes == 0 {
            return Err(wrong("input.max_connections", "a number of 1 or more, and so does input.max_line_bytes"));
        }
        Ok(Self {
            state_directory: state_directory
                .ok_or_else(|| lacking("state_directory", "name a folder that survives a restart"))?,
            model,
            bundle: given.bundle.clone().or(file.bundle),
            keys: trusted(keys)?,
            journal: JournalConfig { durability: file.durability.into(), retention: retention(&file.journal)? },
            control: file.control,
            socket,
            stdin,
            limits: Limits { connections: file.input.max_connections, line_bytes: file.input.max_line_bytes },
            folder: file.folder.map(|folder| folder.path),
            sensor: file.sensor.map(sensor).transpose()?,
            sinks: file.sink.into_iter().map(sink).collect::<Result<_, _>>()?,
            chores,
            updates,
        })
    }

    /// The runtime's share of it.
    pub(crate) fn runtime(&self) -> dunlin::Config {
        let config = dunlin::Config::new(&self.state_directory, self.keys.clone()).journal(self.journal);
        match &self.updates {
            Some(policy) => config.updates(policy.clone()),
            None => config,
        }
    }
}

fn parse(path: &Path) -> Result<File, DaemonError> {
    let text = read(path)?;
    toml::from_str(&text).map_err(|error| DaemonError::Config {
        path: path.to_owned(),
        message: error.to_string().trim_end().to_owned(),
    })
}

fn read(path: &Path) -> Result<String, DaemonError> {
    fs::read_to_string(path).map_err(|source| DaemonError::File { path: path.to_owned(), source })
}

fn wrong(setting: &'static str, expected: &'static str) -> DaemonError {
    DaemonError::Wrong { setting, expected }
}

fn lacking(setting: &'static str, remedy: &'static str) -> DaemonError {
    DaemonError::Lacking { setting, remedy }
}

/// Keys by the names of their files.
fn trusted(paths: &[PathBuf]) -> Result<TrustedKeys, DaemonError> {
    let mut keys = TrustedKeys::new();
    for path in paths {
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        keys.add(&name, &read(path)?).map_err(|source| DaemonError::Key { path: path.clone(), source })?;
    }
    Ok(keys)
}

fn retention(file: &file::Journal) -> Result<Retention, DaemonError> {
    Retention::new(file.max_rows, file.max_bytes, file.max_days)
        .ok_or_else(|| wrong("journal.max_rows", "max_rows and max_days are 1 or more, max_bytes 1048576 or more"))
}

fn chores(url: Option<String>, token_file: Option<PathBuf>, file: file::Receiver) -> Result<Chores, DaemonError> {
    let (url, token_file) = (url.or(file.url), token_file.or(file.token_file));
    if url.is_none() && token_file.is_some() {
        return Err(lacking("receiver.url", "receiver.token_file is for it"));
    }
    let receiver = url.map(|url| HttpTransport::open(&url, token_file.as_deref())).transpose()?;
    if receiver.as_ref().is_some_and(HttpTransport::exposes_token) {
        log::warn!("the token goes over plain http, where others on the way can read it; use https");
    }
    let link = if file.metered { Link::Metered } else { Link::Unmetered };
    Ok(Chores { receiver, link, every: Duration::from_secs(file.every_seconds.max(1)) })
}

fn sensor(file: file::Sensor) -> Result<Sensor, DaemonError> {
    let source = match (file.command, file.iio) {
        (Some(command), None) if !command.is_empty() => SensorSource::Command(command),
        (None, Some(files)) if !files.is_empty() => SensorSource::Iio(files),
        _ => {
            return Err(lacking(
                "sensor.command",
                "give a program that prints samples, or the files of sensor.iio, not both",
            ));
        }
    };
    if !(MIN_RATE_HZ..=MAX_RATE_HZ).contains(&file.rate_hz) {
        return Err(wrong("sensor.rate_hz", "samples a second, 0.001 to 100000"));
    }
    if !file.scale.is_finite() || !file.offset.is_finite() {
        return Err(wrong("sensor.scale", "scale and offset are finite numbers"));
    }
    if file.hop == Some(0) {
        return Err(wrong("sensor.hop", "samples from one window to the next, 1 or more"));
    }
    let file::Sensor { feature, rate_hz, hop, scale, offset, allow_constant, with, .. } = file;
    Ok(Sensor { feature, source, rate_hz, hop, scale, offset, allow_constant, with })
}

fn sink(file: file::Sink) -> Result<Sink, DaemonError> {
    let file::Sink { command, verdict: verdicts, class: classes, min_interval_seconds } = file;
    if command.is_empty() {
        return Err(wrong("sink.command", "a program and its arguments"));
    }
    if verdicts.is_empty() && classes.is_empty() {
        return Err(lacking("sink.verdict", "say on which verdicts or on which classes the command is run"));
    }
    if verdicts.iter().any(|verdict| !VERDICTS.contains(&verdict.as_str())) {
        return Err(wrong("sink.verdict", "accept, abstain, refused"));
    }
    Ok(Sink { command, verdicts, classes, min_interval: Duration::from_secs(min_interval_seconds) })
}

/// The channel's policy: the model may come by it alone.
fn policy(updates: file::Updates, model: &str) -> Result<UpdatePolicy, DaemonError> {
    let file::Updates { root, channel } = updates;
    let bytes = fs::read(&root).map_err(|source| DaemonError::File { path: root.clone(), source })?;
    let mut policy = UpdatePolicy::new(bytes, channel);
    policy.models = vec![model.to_owned()];
    Ok(policy)
}
