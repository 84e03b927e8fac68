//! What the daemon is told to do: the command line before the environment before the file, checked before anything starts.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dunlin::journal::{Durability, JournalConfig};
use dunlin::outbox::Link;
use dunlin::{TrustedKeys, UpdatePolicy};
use dunlin_transport::HttpTransport;
use serde::Deserialize;

use crate::args::Args;
use crate::error::DaemonError;

/// The file. Every key is in docs/boards.md; one that is unknown is refused, since it would be a setting that nobody follows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    state_directory: Option<PathBuf>,
    model: Option<String>,
    bundle: Option<PathBuf>,
    keys: Vec<PathBuf>,
    durability: FileDurability,
    input: Input,
    receiver: Receiver,
    updates: Option<Updates>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FileDurability {
    Batched,
    Sync,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Input {
    socket: Option<PathBuf>,
    stdin: bool,
    max_connections: usize,
    max_line_bytes: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Receiver {
    url: Option<String>,
    token_file: Option<PathBuf>,
    metered: bool,
    every_seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Updates {
    root: PathBuf,
    channel: String,
}

/// Everything that was decided, with the files that it names read.
pub(crate) struct Config {
    pub(crate) state_directory: PathBuf,
    pub(crate) model: String,
    pub(crate) bundle: Option<PathBuf>,
    pub(crate) keys: TrustedKeys,
    pub(crate) durability: Durability,
    pub(crate) socket: Option<PathBuf>,
    pub(crate) stdin: bool,
    pub(crate) limits: Limits,
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

/// What is done by the clock.
pub(crate) struct Chores {
    pub(crate) receiver: Option<HttpTransport>,
    pub(crate) link: Link,
    pub(crate) every: Duration,
}

impl Default for File {
    fn default() -> Self {
        Self {
            state_directory: None,
            model: None,
            bundle: None,
            keys: Vec::new(),
            durability: FileDurability::Batched,
            input: Input::default(),
            receiver: Receiver::default(),
            updates: None,
        }
    }
}

impl Default for Input {
    /// Sixteen sessions of a small model fit a board; a line of 1 MiB holds an image as text.
    fn default() -> Self {
        Self { socket: None, stdin: false, max_connections: 16, max_line_bytes: 1 << 20 }
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self { url: None, token_file: None, metered: false, every_seconds: 900 }
    }
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
        if socket.is_none() && !stdin {
            return Err(lacking("input.socket", "give a path to answer on, or input.stdin"));
        }
        let model = given.model.clone().or(file.model).ok_or_else(|| lacking("model", "name the one that answers"))?;
        let updates = file.updates.map(|updates| policy(updates, &model)).transpose()?;
        Ok(Self {
            state_directory: state_directory
                .ok_or_else(|| lacking("state_directory", "name a folder that survives a restart"))?,
            model,
            bundle: given.bundle.clone().or(file.bundle),
            keys: trusted(keys)?,
            durability: file.durability.into(),
            socket,
            stdin,
            limits: Limits { connections: file.input.max_connections, line_bytes: file.input.max_line_bytes },
            chores: chores(given.url.clone(), given.token_file.clone(), file.receiver)?,
            updates,
        })
    }

    /// The runtime's share of it.
    pub(crate) fn runtime(&self) -> dunlin::Config {
        let journal = JournalConfig { durability: self.durability, ..JournalConfig::default() };
        let config = dunlin::Config::new(&self.state_directory, self.keys.clone()).journal(journal);
        match &self.updates {
            Some(policy) => config.updates(policy.clone()),
            None => config,
        }
    }
}

impl From<FileDurability> for Durability {
    fn from(durability: FileDurability) -> Self {
        match durability {
            FileDurability::Batched => Self::default(),
            FileDurability::Sync => Self::Sync,
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

fn chores(url: Option<String>, token_file: Option<PathBuf>, file: Receiver) -> Result<Chores, DaemonError> {
    let (url, token_file) = (url.or(file.url), token_file.or(file.token_file));
    let receiver = url.map(|url| HttpTransport::open(&url, token_file.as_deref())).transpose()?;
    if receiver.as_ref().is_some_and(HttpTransport::exposes_token) {
        log::warn!("the token goes over plain http, where others on the way can read it; use https");
    }
    let link = if file.metered { Link::Metered } else { Link::Unmetered };
    Ok(Chores { receiver, link, every: Duration::from_secs(file.every_seconds.max(1)) })
}

/// The channel's policy: the model may come by it alone.
fn policy(updates: Updates, model: &str) -> Result<UpdatePolicy, DaemonError> {
    let Updates { root, channel } = updates;
    let bytes = fs::read(&root).map_err(|source| DaemonError::File { path: root.clone(), source })?;
    let mut policy = UpdatePolicy::new(bytes, channel);
    policy.models = vec![model.to_owned()];
    Ok(policy)
}
