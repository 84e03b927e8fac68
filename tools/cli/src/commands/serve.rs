//! `dunlin serve`: the cloud fallback stub on this machine.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use dunlin_cloud::{Config, FaultPlan, ModelsError, Server, StartError, Tokens};
use serde_json::json;

use super::{read_keys, write};
use crate::error::{CliError, Kind};
use crate::output::Output;

/// Take in summaries, answer inference requests and hand out bundles, until SIGTERM or ctrl-c.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address to listen on; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:8750")]
    listen: SocketAddr,
    /// Folder of the server's own; made where it is missing.
    #[arg(long)]
    data: PathBuf,
    /// Folder of signed bundles to answer with and to hand out.
    #[arg(long, requires = "keys")]
    bundles: Option<PathBuf>,
    /// Public key that bundles must be signed with; may be given more than once.
    #[arg(long = "key", requires = "bundles")]
    keys: Vec<PathBuf>,
    /// Folder of an update channel to hand out, as `dunlin publish` writes it; a new release takes no restart.
    #[arg(long, value_name = "DIR")]
    channel: Option<PathBuf>,
    /// File of bearer tokens, one a line. Without it, everybody who reaches the address may come in.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// Let everybody in from other machines too, where there is no token file.
    #[arg(long, conflicts_with = "token_file")]
    open: bool,
    /// Faults of the first upload attempts, for tests: STATUS, STATUS/RETRY_AFTER, ok, cut, cut-request, captive,
    /// wrong-id, garbage, redirect, endless, hang.
    #[arg(long, value_name = "LIST", default_value = "", hide_default_value = true)]
    fault: FaultPlan,
    /// File to write the port to, when requests are answered.
    #[arg(long)]
    port_file: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let config = Config {
        listen: args.listen,
        bundles: args.bundles.clone(),
        channel: args.channel.clone(),
        keys: read_keys(&args.keys)?,
        tokens: args.token_file.as_deref().map_or(Ok(Tokens::none()), read_tokens)?,
        open: args.open,
        faults: args.fault.clone(),
        ..Config::new(&args.data)
    };
    Server::start(config).map_err(failed)?.run_until_signal(|server| {
        if let Some(path) = &args.port_file {
            write(path, format!("{}\n", server.address().port()).as_bytes())?;
        }
        let url = server.url();
        output.result(&json!({"listening": url}), || format!("listening on {url}"));
        Ok(())
    })
}

fn read_tokens(path: &Path) -> Result<Tokens, CliError> {
    let text = std::fs::read(path).map_err(|e| CliError::file(path, &e))?;
    let tokens = Tokens::parse(&String::from_utf8_lossy(&text));
    tokens.map_err(|error| CliError::new(Kind::Key, "not_a_token", error).of(path))
}

fn failed(error: StartError) -> CliError {
    let (kind, code) = match &error {
        StartError::Listen { .. } => (Kind::Failed, "cannot_listen"),
        StartError::Open { .. } => (Kind::Failed, "no_token"),
        StartError::Data { .. } => (Kind::Storage, "storage"),
        StartError::Models(ModelsError::Folder { .. }) => (Kind::Failed, "file"),
        StartError::Channel { .. } => (Kind::Failed, "no_channel"),
        StartError::Models(_) => (Kind::Bundle, "bundle"),
        _ => (Kind::Failed, "cannot_start"),
    };
    CliError::new(kind, code, error)
}
