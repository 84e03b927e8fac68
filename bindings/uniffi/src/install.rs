//! What an installation came to.

use crate::error::DunlinError;

/// A bundle that passed every check.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct InstallReport {
    /// What it came to.
    pub outcome: InstallOutcome,
    /// Name of the model.
    pub model_id: String,
    /// Version for people.
    pub version: String,
    /// Version for machines.
    pub sequence: u64,
    /// SHA-256 of the manifest, which names everything in the bundle.
    pub digest: String,
    /// Name of the key that signed it.
    pub signer: String,
    /// Cases of its golden set that this device answered as it should; 0 where nothing changed and none was run.
    pub golden_cases: u64,
}

/// What an installation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum InstallOutcome {
    /// The bundle is the active one of its model.
    Activated,
    /// This very bundle is the active one, or the candidate, already.
    AlreadyInstalled,
    /// This very bundle is the active one, its installed copy was damaged or gone, and has been replaced.
    Repaired,
    /// The app ships with an older one than was accepted before, or with one that was thrown out: what is active stays.
    PassedOver,
    /// The bundle answers for as long as the runtime is open; the folder cannot be written, and health says why.
    HeldInMemory,
    /// The bundle is the candidate of its model: it watches, and the active one answers.
    Candidate,
}

impl TryFrom<dunlin::InstallReport> for InstallReport {
    type Error = DunlinError;

    fn try_from(report: dunlin::InstallReport) -> Result<Self, DunlinError> {
        let outcome = match report.outcome {
            dunlin::InstallOutcome::Activated => InstallOutcome::Activated,
            dunlin::InstallOutcome::AlreadyInstalled => InstallOutcome::AlreadyInstalled,
            dunlin::InstallOutcome::Repaired => InstallOutcome::Repaired,
            dunlin::InstallOutcome::PassedOver => InstallOutcome::PassedOver,
            dunlin::InstallOutcome::HeldInMemory => InstallOutcome::HeldInMemory,
            dunlin::InstallOutcome::Candidate => InstallOutcome::Candidate,
            other => return Err(DunlinError::unknown(&format!("the outcome {other:?}"))),
        };
        Ok(Self {
            outcome,
            model_id: report.model_id,
            version: report.version,
            sequence: report.sequence,
            digest: report.digest,
            signer: report.signer,
            golden_cases: report.golden.map_or(0, |golden| golden.cases as u64),
        })
    }
}
