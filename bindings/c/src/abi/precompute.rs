//! Answers computed in advance.

use std::mem::MaybeUninit;

use super::record::RecordHandle;
use super::session::{SessionHandle, with_seat};
use super::status::{ErrorText, Status, guard};
use crate::draft::{RECORDS, Trouble};
use crate::pointers::items;
use crate::slab::alone;

/// What was computed in advance.
#[derive(Clone, Copy)]
#[repr(C)]
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

/// Computes the answers to records that are known to come often, in a file of at most `max_bytes`, which replaces the model's
/// earlier one. Sessions opened from then on answer such a record without running the model. Nothing of it is in the journal.
/// DUNLIN_STATUS_INVALID_ARGUMENT (too_small) where not even one answer fits; DUNLIN_STATUS_STORAGE where the model is held in
/// memory alone, or the file cannot be written. `report` may be NULL. The session is busy until it is done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_session_precompute(
    session: SessionHandle,
    records: *const RecordHandle,
    record_count: usize,
    max_bytes: u64,
    report: Option<&mut MaybeUninit<PrecomputeReport>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        // SAFETY: the caller promises so many handles.
        let records = unsafe { items(records, record_count, "records") }?;
        let made = with_seat(session, |seat| {
            // Before anything is computed: a wrong handle at the end would be found when all is done.
            let drafts = records.iter().map(|record| RECORDS.get(record.handle)).collect::<Result<Vec<_>, _>>()?;
            for draft in &drafts {
                alone("record", draft, |draft| {
                    seat.refuse_another(&draft.schema)?;
                    match &draft.trouble {
                        Some(Trouble::Call(failure)) => Err(failure.clone()),
                        _ => Ok(()),
                    }
                })?;
            }
            let mut filling = seat.session.precompute(max_bytes)?;
            for draft in &drafts {
                alone("record", draft, |draft| {
                    match &draft.trouble {
                        Some(_) => filling.refuse(),
                        None => filling.add(&draft.record),
                    }
                    Ok(())
                })?;
            }
            Ok(filling.finish()?)
        })?;
        if let Some(report) = report {
            report.write(made.into());
        }
        Ok(())
    })
}

impl From<dunlin::PrecomputeReport> for PrecomputeReport {
    fn from(report: dunlin::PrecomputeReport) -> Self {
        let dunlin::PrecomputeReport { records, kept, repeated, not_accepted, refused, left_out, bytes, .. } = report;
        Self { records, kept, repeated, not_accepted, refused, left_out, bytes }
    }
}
