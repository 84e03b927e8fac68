//! `dunlin precompute`: answers of a model that is installed, computed in advance for records that are known to come often.

use std::io;
use std::path::PathBuf;

use dunlin::{PrecomputeError, PrecomputeReport};
use dunlin_records::Wanted;
use serde_json::json;

use super::answerer::Answerer;
use super::read_keys;
use super::records::{Format, Source, is_standard};
use crate::error::{CliError, Kind};
use crate::output::Output;

/// Compute the answers to common records in advance: sessions opened later find them without running the model.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The runtime's folder.
    dir: PathBuf,
    /// Which model, where several are installed.
    #[arg(long = "model", value_name = "NAME")]
    model_id: Option<String>,
    /// Records, the most common first; - for standard input.
    #[arg(long)]
    input: PathBuf,
    /// What the input holds, where its name does not say (.csv, .jsonl, .parquet).
    #[arg(long)]
    input_format: Option<Format>,
    /// Most bytes that the answers may take, on the disk and in memory.
    #[arg(long, value_name = "N")]
    max_bytes: u64,
    /// Public key to trust; may be given more than once.
    #[arg(long = "key", required = true)]
    keys: Vec<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let format = args.input_format.or_else(|| Format::of(&args.input)).ok_or_else(|| {
        let message = "the name does not say the format (.csv, .jsonl, .parquet); say it with --input-format";
        CliError::new(Kind::Usage, "unknown_format", message).of(&args.input)
    })?;
    let source = Source::open((!is_standard(&args.input)).then_some(args.input.as_path()), format)?;
    let mut answerer = Answerer::installed(&args.dir, args.model_id.as_deref(), read_keys(&args.keys)?)?;
    let report = fill(&mut answerer, source, args.max_bytes);
    let closed = answerer.close();
    let report = report?;
    closed?;
    let document = json!({
        "records": report.records, "kept": report.kept, "repeated": report.repeated, "not_accepted": report.not_accepted,
        "refused": report.refused, "left_out": report.left_out, "bytes": report.bytes,
    });
    output.result(&document, || told(&report));
    Ok(())
}

fn fill(answerer: &mut Answerer, source: Source, max_bytes: u64) -> Result<PrecomputeReport, CliError> {
    let (schema, name) = (answerer.schema().clone(), source.name());
    let Answerer::OnRecord { session, .. } = answerer else { unreachable!("a folder was opened") };
    let mut filling = session.precompute(max_bytes)?;
    let read = source.rows(Wanted { schema: &schema, key: None, whole: true, skip: 0 }, &mut |row| {
        match row.record {
            Ok((record, _)) => filling.add(&record),
            Err(_) => filling.refuse(),
        }
        io::Result::Ok(())
    });
    read.map_err(|error| CliError::new(Kind::Failed, "file", error).of(&name))?;
    Ok(filling.finish()?)
}

fn told(report: &PrecomputeReport) -> String {
    let PrecomputeReport { records, kept, repeated, not_accepted, refused, left_out, bytes, .. } = report;
    format!(
        "{records} records: {kept} answers kept ({bytes} bytes), {repeated} repeated, {not_accepted} not accepted, {refused} \
         refused, {left_out} left out for want of room"
    )
}

impl From<PrecomputeError> for CliError {
    fn from(error: PrecomputeError) -> Self {
        let (kind, code) = match &error {
            PrecomputeError::TooSmall { .. } => (Kind::Usage, "too_small"),
            _ => (Kind::Storage, "cannot_precompute"),
        };
        Self::new(kind, code, error)
    }
}
