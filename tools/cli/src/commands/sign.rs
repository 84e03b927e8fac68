//! `dunlin sign`: completes a bundle's provenance and signs its manifest.

use std::path::{Path, PathBuf};

use dunlin_bundle::manifest::Provenance;
use dunlin_bundle::{Contents, TrustedKeys, attach_signature, sign_input, with_provenance};
use minisign::{SecretKey, SecretKeyBox};
use serde_json::json;

use super::keygen::key_error;
use super::{read_bundle, write};
use crate::error::{CliError, Kind};
use crate::output::Output;

/// Sign a bundle. Refused unless its licence and provenance are complete: commit, data hash, reviewer.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The bundle; it is signed in place unless --out is given.
    bundle: PathBuf,
    /// The secret key (OUT.key of keygen, or any of minisign's).
    #[arg(long)]
    key: PathBuf,
    /// Where to write the signed bundle.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Commit of the training code.
    #[arg(long)]
    commit: Option<String>,
    /// SHA-256 of the training data, in hex.
    #[arg(long)]
    data_sha256: Option<String>,
    /// The hyper-parameter trial that made the model.
    #[arg(long)]
    tuner_trial: Option<String>,
    /// Who looked at the model and lets it go.
    #[arg(long)]
    reviewer: Option<String>,
    /// SPDX expression of the model's licence.
    #[arg(long)]
    license: Option<String>,
    /// File with the secret key's password; otherwise it is asked for where the key has one.
    #[arg(long)]
    password_file: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let provenance = Provenance {
        commit: args.commit.clone(),
        data_sha256: args.data_sha256.clone(),
        tuner_trial: args.tuner_trial.clone(),
        reviewer: args.reviewer.clone(),
    };
    let (bytes, key) = (read_bundle(&args.bundle)?, secret_key(&args.key, args.password_file.as_deref())?);
    let complete = with_provenance(bytes, args.license.clone(), provenance).map_err(CliError::from);
    let signed = complete.and_then(|bundle| sign(bundle, &key)).map_err(|error| error.of(&args.bundle))?;
    let out = args.out.as_ref().unwrap_or(&args.bundle);
    write(out, &signed)?;
    output.result(&json!({"out": out, "bytes": signed.len()}), || {
        format!("Signed {}.\nNext: dunlin verify {0} --key PUBLIC_KEY", out.display())
    });
    Ok(())
}

/// Signs a bundle whose provenance is complete.
pub(crate) fn sign(bundle: Vec<u8>, key: &SecretKey) -> Result<Vec<u8>, CliError> {
    let contents = Contents::read_unsigned(bundle.clone())?;
    let missing = missing_provenance(&contents);
    if !missing.is_empty() {
        let message = format!("not signed: {} missing; give {}", missing.join(", "), missing.join(" and "));
        return Err(CliError::new(Kind::Model, "provenance", message));
    }
    let manifest = contents.manifest();
    let comment = format!("{} {} sequence {}", manifest.model_id, manifest.version, manifest.sequence);
    let signature = minisign::sign(None, key, sign_input(&bundle)?.as_slice(), Some(&comment), Some("dunlin bundle"));
    Ok(attach_signature(bundle, &signature.map_err(|e| key_error(&e))?.into_string())?)
}

/// The options that would complete a bundle's provenance.
fn missing_provenance(contents: &Contents) -> Vec<&'static str> {
    let (manifest, provenance) = (contents.manifest(), &contents.manifest().provenance);
    let fields = [
        (&provenance.commit, "--commit"),
        (&provenance.data_sha256, "--data-sha256"),
        (&provenance.reviewer, "--reviewer"),
        (&manifest.license, "--license"),
    ];
    let is_missing = |value: &Option<String>| value.as_ref().is_none_or(|v| v.trim().is_empty());
    fields.into_iter().filter(|(value, _)| is_missing(value)).map(|(_, option)| option).collect()
}

/// Reads a secret key, with its password where it has one.
pub(crate) fn secret_key(path: &Path, password: Option<&Path>) -> Result<SecretKey, CliError> {
    let read = |path: &Path| std::fs::read(path).map_err(|e| CliError::file(path, &e));
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    let refuse = |what: &str| CliError::new(Kind::Key, "not_a_key", format!("{}: {what}", path.display()));
    if TrustedKeys::new().add("", &text).is_ok() {
        return Err(refuse("this is a public key; give the secret key, the .key file that keygen wrote beside it"));
    }
    // minisign itself looks at the key only once it has a password.
    if !text.lines().any(|line| line.starts_with("RW")) {
        return Err(refuse(NOT_A_KEY));
    }
    let parse = || SecretKeyBox::from_string(&text).map_err(|_| refuse(NOT_A_KEY));
    if let Ok(unprotected) = parse()?.into_unencrypted_secret_key() {
        return Ok(unprotected);
    }
    let password = password.map(read).transpose()?.map(|p| String::from_utf8_lossy(&p).into_owned());
    let password = password.map(|p| p.trim_end_matches(['\r', '\n']).to_owned());
    let remedy =
        if password.is_some() { "correct the password file" } else { "type its password, or give --password-file" };
    parse()?.into_secret_key(password).map_err(|e| refuse(&format!("the key does not open ({e}); {remedy}")))
}

/// What is said of a file that is neither half of a key.
const NOT_A_KEY: &str = "this is not a secret key; give the .key file that keygen or minisign wrote";
