//! What the measuring process does: answers golden records through a real runtime until its journal is in the state in which
//! a board's stays, and counts what is written from there on.
//!
//! A board at work has a journal at its cap: each commit also deletes as many rows as it adds. So the journal is filled
//! first, as fast as it goes, and held to the rows that it has then. The commits that follow are those of the asked rate, as
//! many rows each as would wait for it, without the pauses between them.

use dunlin::journal::Retention;

use super::board::{Board, installed, length};
use super::job::Job;
use super::measured::{Measured, Uploads};
use super::network;
use crate::commands::read_keys;
use crate::error::CliError;

/// Does a job in a temporary folder.
pub(super) fn measure(job: &Job) -> Result<Measured, CliError> {
    let folder = tempfile::tempdir().map_err(|error| CliError::file(&std::env::temp_dir(), &error))?;
    let board = Board { folder: folder.path(), keys: read_keys(&job.keys)?, asked: job.asked };
    let mut uploads = Uploads::default();
    let (filled, records_a_second) = board.fill(&job.bundle, &mut uploads)?;
    let model = installed(board.folder, &board.keys)?;
    let records = board.records(&model)?;
    let runtime = board.runtime(board.rhythm(), Retention { max_rows: filled.rows, ..board.asked.retention() })?;
    let manifest = model.manifest();
    let mut session = runtime.session(&manifest.model_id)?;
    let steady = board.with_others(&runtime, &manifest.model_id, &records, || {
        let steady = board.commit(&runtime, &mut session, &records)?;
        uploads.deliver(&runtime)?;
        network::reach_nobody()?;
        Ok(steady)
    })?;
    let bytes = |bytes: Option<usize>| bytes.map(|bytes| bytes as u64);
    Ok(Measured {
        model_id: manifest.model_id.clone(),
        version: manifest.version.to_string(),
        kernels: session.kernel_set().to_owned(),
        bundle_bytes: model.length_bytes(),
        arena_bytes: bytes(session.arena_bytes()),
        packed_bytes: bytes(session.packed_bytes()),
        peak_rss_bytes: dunlin_bench::peak_rss_kb().map(|kb| kb << 10),
        records_a_second,
        filled,
        steady,
        uploads,
        state_bytes: length(&board.folder.join("state.db")),
    })
}
