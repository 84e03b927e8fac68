//! Installing bundles.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::path::Path;

use dunlin::InstallError;

use super::runtime::RuntimeHandle;
use super::status::{DUNLIN_NAME_SIZE, ErrorText, Status, guard};
use crate::failure::Failure;
use crate::fixed::fixed;
use crate::opened::RUNTIMES;
use crate::pointers::{Out, text};

/// What an installation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum InstallOutcome {
    /// The bundle is the active one of its model.
    Activated = 0,
    /// It was already, or was the candidate.
    AlreadyInstalled = 1,
    /// It was already; its copy was damaged and has been replaced.
    Repaired = 2,
    /// A later one was accepted before and stays, or this one was thrown out.
    PassedOver = 3,
    /// It answers for as long as the runtime is open; the folder cannot be written.
    HeldInMemory = 4,
    /// Something that this version of the interface has no word for.
    Other = 5,
    /// The bundle is the candidate of its model: it watches, and the active one answers.
    Candidate = 6,
}

/// A bundle that passed every check.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct InstallReport {
    /// What it came to.
    pub outcome: InstallOutcome,
    /// Version for machines.
    pub sequence: u64,
    /// Name of the model, for dunlin_session_open.
    pub model_id: [c_char; DUNLIN_NAME_SIZE],
    /// Version for people.
    pub version: [c_char; DUNLIN_NAME_SIZE],
    /// SHA-256 of the manifest, in hexadecimal.
    pub digest: [c_char; DUNLIN_NAME_SIZE],
    /// Name of the key that signed it.
    pub signer: [c_char; DUNLIN_NAME_SIZE],
}

/// Installs a bundle from outside after every check: signature, hashes, limits, sequence, and its golden set on this
/// device. Sessions opened from now on answer with it. `report` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_install(
    runtime: RuntimeHandle,
    path: *const c_char,
    report: Option<&mut MaybeUninit<InstallReport>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    // SAFETY: passed on to the caller.
    guard(error, || unsafe { install(path, report, |path| Ok(RUNTIMES.get(runtime.handle)?.runtime.install(path))) })
}

/// Installs the bundle that the firmware ships with; to be called at every start. One that is older than what was ever
/// accepted is passed over. `report` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_install_shipped(
    runtime: RuntimeHandle,
    path: *const c_char,
    report: Option<&mut MaybeUninit<InstallReport>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let installed = |path: &Path| Ok(RUNTIMES.get(runtime.handle)?.runtime.install_shipped(path));
        // SAFETY: passed on to the caller.
        unsafe { install(path, report, installed) }
    })
}

/// Installs a bundle to be tried: after every check it becomes the candidate of its model, and watches in sessions opened from
/// now on; what they see decides on it. The first bundle of a model becomes the active one. `report` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_install_candidate(
    runtime: RuntimeHandle,
    path: *const c_char,
    report: Option<&mut MaybeUninit<InstallReport>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let installed = |path: &Path| Ok(RUNTIMES.get(runtime.handle)?.runtime.install_candidate(path));
        // SAFETY: passed on to the caller.
        unsafe { install(path, report, installed) }
    })
}

/// # Safety
/// `path` is NULL or a text that ends in NUL.
unsafe fn install(
    path: *const c_char,
    report: Out<'_, InstallReport>,
    install: impl FnOnce(&Path) -> Result<Result<dunlin::InstallReport, InstallError>, Failure>,
) -> Result<(), Failure> {
    // SAFETY: passed on to the caller.
    let installed = install(Path::new(unsafe { text(path, "path") }?))??;
    if let Some(report) = report {
        report.write(InstallReport::of(&installed));
    }
    Ok(())
}

impl InstallReport {
    fn of(report: &dunlin::InstallReport) -> Self {
        Self {
            outcome: match report.outcome {
                dunlin::InstallOutcome::Activated => InstallOutcome::Activated,
                dunlin::InstallOutcome::AlreadyInstalled => InstallOutcome::AlreadyInstalled,
                dunlin::InstallOutcome::Repaired => InstallOutcome::Repaired,
                dunlin::InstallOutcome::PassedOver => InstallOutcome::PassedOver,
                dunlin::InstallOutcome::HeldInMemory => InstallOutcome::HeldInMemory,
                dunlin::InstallOutcome::Candidate => InstallOutcome::Candidate,
                _ => InstallOutcome::Other,
            },
            sequence: report.sequence,
            model_id: fixed(&report.model_id),
            version: fixed(&report.version),
            digest: fixed(&report.digest),
            signer: fixed(&report.signer),
        }
    }
}
