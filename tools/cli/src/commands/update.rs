//! `dunlin update`: follows an update channel once, and says what came of it for each model.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dunlin::outbox::Link;
use dunlin::{Config, ModelUpdate, Runtime, TrustedKeys, UpdateError, UpdateOutcome, UpdatePolicy, UpdateReport};
use serde_json::json;

use super::read_keys;
use crate::error::{CliError, Kind};
use crate::folder;
use crate::output::Output;
use crate::transport;

/// Take from an update channel what a runtime's folder may take: recalled bundles go, a new one is fetched, verified and tried.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The runtime's folder.
    dir: PathBuf,
    /// Base address of the server, such as https://example.com or http://127.0.0.1:8750.
    #[arg(long)]
    url: String,
    /// The channel's root that ships with the app: its root/1.json, or a later one.
    #[arg(long)]
    root: PathBuf,
    /// Name of the channel.
    #[arg(long, default_value = "stable")]
    channel: String,
    /// Model to have besides those installed; may be given more than once.
    #[arg(long = "model")]
    models: Vec<String>,
    /// Public key to trust besides the channel's, for bundles that are installed already; may be given more than once.
    #[arg(long = "key")]
    keys: Vec<PathBuf>,
    /// File that holds the bearer token and that nobody else can read.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// Bytes cost money on this link: only hear of what is recalled.
    #[arg(long)]
    metered: bool,
    /// Largest bundle to fetch, in bytes.
    #[arg(long)]
    max_bytes: Option<u64>,
    /// Longest wait for one whole answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let transport = transport::open(&args.url, args.token_file.as_deref())?;
    let mut transport = transport.within(Duration::from_secs(args.timeout));
    let policy = policy(args)?;
    let keys = if args.keys.is_empty() { TrustedKeys::new() } else { read_keys(&args.keys)? };
    if policy.models.is_empty() {
        folder::must_exist(&args.dir)?;
    }
    let runtime = Runtime::open(Config::new(&args.dir, keys).updates(policy));
    let link = if args.metered { Link::Metered } else { Link::Unmetered };
    let updated = runtime.update(&mut transport, link);
    let closed = runtime.close();
    let report = updated.map_err(|error| failed(&error, &args.url))?;
    closed.map_err(|e| CliError::new(Kind::Storage, "storage", e))?;
    output.result(&json!(report), || told(&report));
    Ok(())
}

fn policy(args: &Args) -> Result<UpdatePolicy, CliError> {
    let root = std::fs::read(&args.root).map_err(|error| unreadable(&args.root, &error))?;
    let mut policy = UpdatePolicy::new(root, &args.channel);
    policy.models.clone_from(&args.models);
    policy.max_bytes = args.max_bytes.unwrap_or(policy.max_bytes);
    Ok(policy)
}

fn unreadable(path: &Path, error: &std::io::Error) -> CliError {
    CliError::new(Kind::Failed, "unreadable", format!("{} cannot be read: {error}", path.display()))
}

fn failed(error: &UpdateError, url: &str) -> CliError {
    let kind = match error {
        UpdateError::Storage(_) => Kind::Storage,
        UpdateError::NoAnswer { .. } | UpdateError::Status { .. } => Kind::Undelivered,
        _ => Kind::Bundle,
    };
    CliError::new(kind, error.code(), format!("{url}: {error}"))
}

fn told(report: &UpdateReport) -> String {
    let mut lines = vec![format!(
        "Channel version {} under root {}; {} bytes fetched.",
        report.channel_version, report.root_version, report.bytes
    )];
    for model in &report.models {
        lines.extend(model.recalled.iter().map(|recalled| format!("{}: recalled {recalled}", model.model_id)));
        lines.push(format!("{}: {}", model.model_id, said(model)));
    }
    if report.models.is_empty() {
        lines.push("No model is installed; --model names one to have.".to_owned());
    }
    lines.join("\n")
}

fn said(model: &ModelUpdate) -> String {
    let version = model.version.as_deref().unwrap_or("nothing");
    let why = model.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    match model.outcome {
        UpdateOutcome::Current => format!("{version} is not taken{why}"),
        UpdateOutcome::Candidate => format!("{version} was fetched and verified, and watches from now on"),
        UpdateOutcome::Activated => format!("{version} was fetched and verified, and answers from now on"),
        UpdateOutcome::Waiting => format!("{version} waits{why}"),
        _ => format!("{version} is refused{why}"),
    }
}
