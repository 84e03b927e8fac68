//! Delivering summaries to nobody, for what they take to be sent and to be remembered.

use dunlin::Runtime;
use dunlin::outbox::{Link, Response, Transport, TransportError, Upload};

use super::measured::Uploads;
use super::process::Written;
use crate::error::CliError;

impl Uploads {
    /// Delivers what waits, and counts.
    pub(super) fn deliver(&mut self, runtime: &Runtime) -> Result<(), CliError> {
        let before = Written::so_far();
        let mut nobody = Nobody::default();
        runtime.sync(&mut nobody, Link::Unmetered).map_err(|problem| CliError::from(&problem))?;
        if let Some((after, before)) = Written::so_far().zip(before) {
            self.written += after - before;
        }
        self.count += nobody.count;
        self.bytes += nobody.bytes;
        Ok(())
    }
}

/// A receiver that acknowledges everything.
#[derive(Default)]
struct Nobody {
    count: u64,
    bytes: u64,
}

impl Transport for Nobody {
    fn send(&mut self, upload: &Upload) -> Result<Response, TransportError> {
        self.count += 1;
        self.bytes += upload.body.len() as u64;
        let body = serde_json::json!({"id": upload.id, "receipt": "accepted"}).to_string().into_bytes();
        Ok(Response { status: 200, body, ..Response::default() })
    }
}
