//! What came of following the channel.

use dunlin_channel::{ChannelError, PartError};
use serde::Serialize;

use crate::store::StorageProblem;

/// What one call of [`Runtime::update`](crate::Runtime::update) found and did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UpdateReport {
    /// Version of the root that is believed.
    pub root_version: u64,
    /// Version of the channel.
    pub channel_version: u64,
    /// Bytes of the answers, metadata included.
    pub bytes: u64,
    /// Each model, by name.
    pub models: Vec<ModelUpdate>,
}

/// What the channel meant for a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ModelUpdate {
    /// Name of the model.
    pub model_id: String,
    /// What became of it.
    pub outcome: UpdateOutcome,
    /// Version of the release that this is about, where there is one.
    pub version: Option<String>,
    /// Why it was not taken.
    pub why: Option<String>,
    /// Bundles that were recalled and are gone: their versions, and why.
    pub recalled: Vec<String>,
}

/// What became of a model in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UpdateOutcome {
    /// Nothing is to be taken.
    Current,
    /// A release was installed, and watches.
    Candidate,
    /// A release was installed, and answers: the model had no other.
    Activated,
    /// A release is to be taken later: over another link, say.
    Waiting,
    /// A release was fetched and is not taken here.
    Refused,
}

impl UpdateOutcome {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Candidate => "candidate",
            Self::Activated => "activated",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
        }
    }
}

/// The channel could not be followed to its end. The present models go on answering.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The app follows no channel.
    #[error("no update channel is configured; give the runtime the root that ships with the app (Config::updates)")]
    NotConfigured,
    /// Another update is on.
    #[error("another update is on; wait for it")]
    Busy,
    /// There was no whole answer.
    #[error("{path}: {reason}")]
    NoAnswer {
        /// What was asked for.
        path: String,
        /// Why.
        reason: String,
    },
    /// The answer was not what was asked for.
    #[error("{path}: status {status}{}; {}", after(.retry_after), advice(*.status))]
    Status {
        /// What was asked for.
        path: String,
        /// Status of HTTP.
        status: u16,
        /// Value of `Retry-After`.
        retry_after: Option<String>,
    },
    /// What came is not believed.
    #[error("{path}: {source}")]
    Channel {
        /// Where it came from.
        path: String,
        /// Why not.
        source: ChannelError,
    },
    /// The root that the app ships is none.
    #[error("the root that ships with the app: {0}")]
    Shipped(ChannelError),
    /// A part of a bundle is not what was signed.
    #[error("{path}: {source}")]
    Part {
        /// Where it came from.
        path: String,
        /// What is wrong with it.
        source: PartError,
    },
    /// The disk or `state.db` failed.
    #[error(transparent)]
    Storage(#[from] StorageProblem),
}

impl UpdateError {
    /// A short name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotConfigured => "no_channel",
            Self::Busy => "busy",
            Self::NoAnswer { .. } => "no_answer",
            Self::Status { .. } => "status",
            Self::Channel { source, .. } | Self::Shipped(source) => source.code(),
            Self::Part { .. } => "part",
            Self::Storage(_) => "storage",
        }
    }
}

fn after(retry_after: &Option<String>) -> String {
    retry_after.as_ref().map_or_else(String::new, |seconds| format!(" (it asks to wait {seconds} s)"))
}

fn advice(status: u16) -> &'static str {
    match status {
        300..=399 => "redirects are not followed: give the address that it leads to",
        401 | 403 => "the server does not accept the token",
        404 | 410 => "the server does not have it: check the address and the channel's name",
        429 | 503 => "the server is busy: try later",
        _ => "try later",
    }
}
