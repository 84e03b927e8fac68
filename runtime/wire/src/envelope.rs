//! The CloudEvents 1.0 envelope of an upload, and what a receiver answers.

use serde::{Deserialize, Serialize};

use crate::summary::Summary;

/// CloudEvents type of a summary; the number is the major version of its format.
pub const SUMMARY_TYPE: &str = "dev.dunlin.summary.v1";

/// A summary in its envelope: a structured-mode CloudEvent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Version of CloudEvents: `1.0`.
    pub specversion: String,
    /// UUIDv7 of the upload. Never changes once the upload has been attempted; receivers count an id once.
    pub id: String,
    /// `urn:dunlin:install:` and the install id in hex, which the user can reset.
    pub source: String,
    /// [`SUMMARY_TYPE`].
    #[serde(rename = "type")]
    pub kind: String,
    /// `application/json`.
    pub datacontenttype: String,
    /// The summary.
    pub data: Summary,
}

/// What a receiver answers, with status 200: delivered means that `id` is the upload's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The upload's id.
    pub id: String,
    /// Whether it was new.
    pub receipt: Receipt,
}

/// What became of an upload at the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipt {
    /// On the receiver's disk.
    Accepted,
    /// It was on the receiver's disk already, and is not counted again.
    Duplicate,
}

impl Envelope {
    /// An envelope around a summary.
    #[must_use]
    pub fn new(id: impl Into<String>, install_id: &str, data: Summary) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: id.into(),
            source: format!("urn:dunlin:install:{install_id}"),
            kind: SUMMARY_TYPE.to_owned(),
            datacontenttype: "application/json".to_owned(),
            data,
        }
    }

    /// The install id within [`source`](Self::source).
    #[must_use]
    pub fn install_id(&self) -> Option<&str> {
        self.source.strip_prefix("urn:dunlin:install:")
    }
}
