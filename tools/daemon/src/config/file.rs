//! The configuration as it stands in the file. Every key is in docs/boards.md; one that is unknown is refused, since it would be
//! a setting that nobody follows.

use std::path::PathBuf;

use dunlin::journal::{Durability, Retention};
use dunlin::outbox::SYNC_EVERY;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) state_directory: Option<PathBuf>,
    pub(super) model: Option<String>,
    pub(super) bundle: Option<PathBuf>,
    pub(super) keys: Vec<PathBuf>,
    pub(super) durability: FileDurability,
    pub(super) journal: Journal,
    pub(super) control: Option<PathBuf>,
    pub(super) input: Input,
    pub(super) folder: Option<Folder>,
    pub(super) sensor: Option<Sensor>,
    pub(super) sink: Vec<Sink>,
    pub(super) receiver: Receiver,
    pub(super) updates: Option<Updates>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileDurability {
    #[default]
    Batched,
    Sync,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Journal {
    pub(super) max_rows: u64,
    pub(super) max_bytes: u64,
    pub(super) max_days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Input {
    pub(super) socket: Option<PathBuf>,
    pub(super) stdin: bool,
    pub(super) max_connections: usize,
    pub(super) max_line_bytes: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sensor {
    pub(super) feature: String,
    pub(super) command: Option<Vec<String>>,
    pub(super) iio: Option<Vec<PathBuf>>,
    pub(super) rate_hz: f64,
    pub(super) hop: Option<usize>,
    #[serde(default = "one")]
    pub(super) scale: f32,
    #[serde(default)]
    pub(super) offset: f32,
    #[serde(default)]
    pub(super) allow_constant: bool,
    #[serde(default)]
    pub(super) with: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sink {
    pub(super) command: Vec<String>,
    #[serde(default)]
    pub(super) verdict: Vec<String>,
    #[serde(default)]
    pub(super) class: Vec<String>,
    #[serde(default = "minute")]
    pub(super) min_interval_seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Receiver {
    pub(super) url: Option<String>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) metered: bool,
    pub(super) every_seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Updates {
    pub(super) root: PathBuf,
    pub(super) channel: String,
}

impl Default for Journal {
    /// As the runtime has it where nobody says anything.
    fn default() -> Self {
        let Retention { max_rows, max_bytes, .. } = Retention::default();
        Self { max_rows, max_bytes, max_days: Retention::default().max_days() }
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
        Self { url: None, token_file: None, metered: false, every_seconds: SYNC_EVERY.as_secs() }
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

fn one() -> f32 {
    1.0
}

/// An alarm a minute is as much as anybody looks at.
fn minute() -> u64 {
    60
}
