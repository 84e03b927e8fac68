//! `dunlin keygen`: a minisign key pair.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use minisign::KeyPair;
use serde_json::json;

use crate::error::{CliError, Kind};
use crate::output::Output;

/// Make a key pair for signing bundles; the secret half stays off the device.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name of the files: OUT.key (secret) and OUT.pub. Files that are there are not overwritten.
    #[arg(long)]
    out: PathBuf,
    /// Keep the secret key without a password, for machines. Otherwise one is asked for.
    #[arg(long)]
    no_password: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let (secret, public) = (with_suffix(&args.out, ".key"), with_suffix(&args.out, ".pub"));
    [&secret, &public].into_iter().try_for_each(|path| must_be_new(path))?;
    let pair = if args.no_password {
        KeyPair::generate_unencrypted_keypair()
    } else {
        KeyPair::generate_encrypted_keypair(None)
    };
    let pair = pair.map_err(|e| key_error(&e))?;
    let (secret_text, public_text) = texts(&pair)?;
    write_new(&secret, &secret_text, true)?;
    write_new(&public, &public_text, false)?;
    output.result(&json!({"secret": secret, "public": public}), || {
        format!(
            "Wrote {} (keep it secret, keep a copy) and {} (ship it with the app).",
            secret.display(),
            public.display()
        )
    });
    Ok(())
}

/// Both halves as minisign writes them.
pub(crate) fn texts(pair: &KeyPair) -> Result<(String, String), CliError> {
    let secret = pair.sk.to_box(Some("dunlin secret key")).map_err(|e| key_error(&e))?.into_string();
    let public = pair.pk.to_box().map_err(|e| key_error(&e))?.into_string();
    Ok((secret, public))
}

/// What minisign says of a key.
pub(crate) fn key_error(error: &minisign::PError) -> CliError {
    CliError::new(Kind::Key, "key", format!("key: {error}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Refused before a password is asked for, and before one half of a pair is written without the other.
fn must_be_new(path: &Path) -> Result<(), CliError> {
    if !path.exists() {
        return Ok(());
    }
    let message = format!("{} is there already and is not overwritten; give another --out", path.display());
    Err(CliError::new(Kind::Failed, "file_exists", message))
}

fn write_new(path: &Path, text: &str, secret: bool) -> Result<(), CliError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| CliError::file(path, &e))
}
