//! Following the update channel over a callback of the firmware.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use dunlin::UpdateOutcome;

use super::runtime::RuntimeHandle;
use super::status::{ErrorText, Status, guard};
use super::sync::{Firmware, Transport, read};
use super::upload::link_of;
use crate::failure::Failure;
use crate::opened::RUNTIMES;
use crate::pointers::copy_text;

/// What an update did: dunlin_runtime_update_report tells it of each model.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct UpdateReport {
    /// Version of the root that is believed.
    pub root_version: u64,
    /// Version of the channel.
    pub channel_version: u64,
    /// Bytes of the answers, metadata included.
    pub bytes: u64,
    /// Models of which a release was installed, as the candidate or the active bundle.
    pub installed_count: usize,
    /// Models of which a release waits for another link, or a larger budget.
    pub waiting_count: usize,
    /// Models of which a release was fetched, and is not taken here.
    pub refused_count: usize,
    /// Bundles that were recalled and are gone.
    pub recalled_count: usize,
}

/// Follows the update channel once through `transport`: what is recalled goes, and the newest release that this device may take
/// is fetched, verified and installed as a candidate, or as the active bundle where its model has none. DUNLIN_STATUS_UPDATE
/// where something stood in the way: what was fetched is kept, and the next call goes on from there. DUNLIN_STATUS_BUSY while
/// another update is on. Sessions answer meanwhile; renew them to let a candidate watch. `report` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_update(
    runtime: RuntimeHandle,
    transport: *const Transport,
    link: u32,
    report: Option<&mut MaybeUninit<UpdateReport>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let link = link_of(link)?;
        // SAFETY: passed on to the caller.
        let mut firmware = Firmware(unsafe { read(transport) }?);
        firmware.0.fetch.ok_or_else(|| Failure::null("transport.fetch"))?;
        let done = RUNTIMES.get(runtime.handle)?.update(&mut firmware, link)?;
        if let Some(report) = report {
            report.write(UpdateReport::of(&done));
        }
        Ok(())
    })
}

/// Writes what the last update of this runtime that came to its end did, as a JSON object: versions of root and channel, and of
/// each model its outcome, the version that this is about, why it was not taken, and what was recalled. null before the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_update_report(
    runtime: RuntimeHandle,
    buffer: *mut c_char,
    capacity: usize,
    needed: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let report = RUNTIMES.get(runtime.handle)?.update_report();
        // SAFETY: the caller promises `capacity` bytes.
        unsafe { copy_text(&report, buffer, capacity, needed) }
    })
}

impl UpdateReport {
    fn of(report: &dunlin::UpdateReport) -> Self {
        let count =
            |outcomes: &[UpdateOutcome]| report.models.iter().filter(|model| outcomes.contains(&model.outcome)).count();
        Self {
            root_version: report.root_version,
            channel_version: report.channel_version,
            bytes: report.bytes,
            installed_count: count(&[UpdateOutcome::Candidate, UpdateOutcome::Activated]),
            waiting_count: count(&[UpdateOutcome::Waiting]),
            refused_count: count(&[UpdateOutcome::Refused]),
            recalled_count: report.models.iter().map(|model| model.recalled.len()).sum(),
        }
    }
}
