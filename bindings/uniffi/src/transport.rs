//! The host's way to send a request.

use std::sync::Arc;

use dunlin::outbox;

use crate::upload::{Fetch, Response, Upload};

/// How the host sends requests: one method, one request, no retry. It bounds the time and the size of an answer, and may call
/// the runtime meanwhile.
#[uniffi::export(foreign)]
pub trait Transport: Send + Sync {
    /// Sends an upload and returns the answer, whatever its status.
    ///
    /// # Errors
    /// [`TransportError`] when there was no whole answer.
    fn send(&self, upload: Upload) -> Result<Response, TransportError>;

    /// Fetches a file of the update channel, or a part of one, and returns the answer, whatever its status.
    ///
    /// # Errors
    /// [`TransportError`] when there was no whole answer, or a longer one than is wanted.
    fn fetch(&self, fetch: Fetch) -> Result<Response, TransportError>;
}

/// There was no whole answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum TransportError {
    /// There was none.
    #[error("{reason}")]
    NoAnswer {
        /// Why, for the log: never a part of the request.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for TransportError {
    /// The host's code threw something else. What it threw is told, since the host wrote it; the upload is kept.
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::NoAnswer { reason: format!("the app's transport threw: {}", error.reason) }
    }
}

/// A foreign transport as the runtime knows it.
pub(crate) struct Foreign(pub(crate) Arc<dyn Transport>);

impl outbox::Transport for Foreign {
    fn send(&mut self, upload: &outbox::Upload) -> Result<outbox::Response, outbox::TransportError> {
        self.0.send(upload.into()).map(Into::into).map_err(outbox::TransportError::new)
    }

    fn fetch(&mut self, fetch: &outbox::Fetch) -> Result<outbox::Response, outbox::TransportError> {
        self.0.fetch(fetch.into()).map(Into::into).map_err(outbox::TransportError::new)
    }
}
