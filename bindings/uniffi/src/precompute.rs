//! Answers computed in advance.

use std::sync::Arc;

use dunlin::{PrecomputeError, Session};

use crate::error::DunlinError;
use crate::record::RecordBuilder;

/// What was computed in advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PrecomputeReport {
    /// Records given.
    pub records: u64,
    /// Answers kept.
    pub kept: u64,
    /// Records that came before.
    pub repeated: u64,
    /// Answers that the guard did not accept: such a record is answered as it comes.
    pub not_accepted: u64,
    /// Records that the schema refused.
    pub refused: u64,
    /// Accepted answers for which there was no room any more.
    pub left_out: u64,
    /// Bytes of the file, and of memory in every process that has the model loaded.
    pub bytes: u64,
}

pub(crate) fn precompute(
    session: &mut Session,
    records: &[Arc<RecordBuilder>],
    max_bytes: u64,
) -> Result<PrecomputeReport, DunlinError> {
    let schema = session.schema().clone();
    let mut filling = session.precompute(max_bytes)?;
    for record in records {
        match record.given().record(&schema) {
            Ok(record) => filling.add(&record),
            Err(_) => filling.refuse(),
        }
    }
    Ok(filling.finish()?.into())
}

impl From<dunlin::PrecomputeReport> for PrecomputeReport {
    fn from(report: dunlin::PrecomputeReport) -> Self {
        let dunlin::PrecomputeReport { records, kept, repeated, not_accepted, refused, left_out, bytes, .. } = report;
        Self { records, kept, repeated, not_accepted, refused, left_out, bytes }
    }
}

impl From<PrecomputeError> for DunlinError {
    fn from(error: PrecomputeError) -> Self {
        let message = error.to_string();
        match error {
            PrecomputeError::TooSmall { .. } => Self::InvalidArgument { message },
            _ => Self::Storage { message },
        }
    }
}
