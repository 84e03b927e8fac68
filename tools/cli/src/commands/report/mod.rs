//! `dunlin report`: what a runtime folder's journal says, as one page to look at or one document for machines.
//!
//! ```text
//! Journal::read (as of one moment) --> Report (figures, each counted once) --> page (HTML)
//!                                                                          '-> --json
//! ```

mod figures;
mod page;
mod words;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::write;
use crate::error::{CliError, Kind};
use crate::folder;
use crate::output::Output;
use figures::{Journal, Report};

/// Write what a runtime folder's journal holds as one HTML page: alarms, accuracy, features then and now, drift, latency,
/// uploads and losses. The page fetches nothing and runs no script. The runtime may be writing meanwhile; nothing is changed.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The runtime's folder.
    dir: PathBuf,
    /// The page [default: report.html; with --json only when given].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only this model.
    #[arg(long, value_name = "ID")]
    model: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let report = report(&args.dir, args.model.as_deref())?;
    let out = match &args.out {
        Some(out) => Some(out.as_path()),
        None => (!output.json).then_some(Path::new("report.html")),
    };
    let written = out.map(|out| page_to(out, &report)).transpose()?;
    let mut document = json!(report);
    if let (Some(out), Some(document)) = (out, document.as_object_mut()) {
        document.insert("page".to_owned(), json!(out));
    }
    output.result(&document, || match (out, written) {
        (Some(out), Some(bytes)) => {
            format!("{}\nWritten to {} ({}).", report.headline.sentence, out.display(), words::bytes(bytes))
        }
        _ => report.headline.sentence.clone(),
    });
    Ok(())
}

fn report(dir: &Path, model: Option<&str>) -> Result<Report, CliError> {
    let reader = folder::reader(dir)?;
    let journal = Journal::read(&reader, model).map_err(|problem| CliError::from(&problem))?;
    if let Some(model) = model
        && !journal.knows(model)
    {
        let message = format!("{}: the journal knows no model '{model}'; leave out --model to see all", dir.display());
        return Err(CliError::new(Kind::Failed, "no_such_model", message));
    }
    let folder = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Report::of(&journal, &name.unwrap_or_else(|| folder.display().to_string()), model))
}

/// Writes the page of a folder.
pub(crate) fn write_page(dir: &Path, out: &Path) -> Result<(), CliError> {
    page_to(out, &report(dir, None)?).map(|_| ())
}

fn page_to(out: &Path, report: &Report) -> Result<u64, CliError> {
    let page = page::page(report).into_string();
    write(out, page.as_bytes())?;
    Ok(page.len() as u64)
}
