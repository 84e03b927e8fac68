//! The command line and the environment: each setting given there goes before the configuration's.

use std::path::PathBuf;

use log::LevelFilter;

use crate::error::EXIT_CODES_HELP;

/// Answers records on this machine with a signed model, and keeps account.
///
/// A setting is looked for on the command line, then in the environment, then in the configuration.
#[derive(clap::Parser)]
#[command(name = "dunlind", version, after_help = EXIT_CODES_HELP)]
pub(crate) struct Args {
    /// The configuration, as TOML.
    #[arg(long, env = "DUNLIND_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say whether the configuration can be used, and end.
    #[arg(long)]
    pub check_config: bool,
    /// Least important messages that are logged: error, warn, info, debug.
    #[arg(long, env = "DUNLIND_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: LevelFilter,
    #[command(flatten)]
    pub settings: Settings,
}

/// Settings that the configuration has too.
#[derive(clap::Args)]
pub(crate) struct Settings {
    /// Where everything is kept; under systemd, its StateDirectory.
    #[arg(long, env = "DUNLIND_STATE_DIRECTORY", value_name = "DIR")]
    pub state_directory: Option<PathBuf>,
    /// Name of the model that answers.
    #[arg(long, env = "DUNLIND_MODEL", value_name = "NAME")]
    pub model: Option<String>,
    /// The bundle that the board ships with; installed at each start, where it is newer than what was ever installed.
    #[arg(long, env = "DUNLIND_BUNDLE", value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Public key whose signatures count; may be given more than once.
    #[arg(long = "key", env = "DUNLIND_KEYS", value_name = "FILE", value_delimiter = ':')]
    pub keys: Vec<PathBuf>,
    /// Unix socket to answer on.
    #[arg(long, env = "DUNLIND_SOCKET", value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Answer standard input too, and end with it.
    #[arg(long)]
    pub stdin: bool,
    /// Base address of the receiver of summaries and of the update channel.
    #[arg(long, env = "DUNLIND_URL", value_name = "URL")]
    pub url: Option<String>,
    /// File that holds the bearer token and that nobody else can read.
    #[arg(long, env = "DUNLIND_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}
