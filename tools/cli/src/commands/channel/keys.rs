//! The keys that a change is signed with: each signs what its role in the root lets it sign.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dunlin_bundle::TrustedKeys;
use dunlin_channel::{Document, Envelope, Key, Role, Root, Signed, is_name};
use minisign::{PublicKey, SecretKey};

use crate::commands::keygen::key_error;
use crate::commands::sign::secret_key;
use crate::error::{CliError, Kind};

/// Options of every command that signs.
#[derive(clap::Args)]
pub(crate) struct SigningArgs {
    /// Secret key to sign with; may be given more than once, as often as the threshold asks.
    #[arg(long = "key", value_name = "KEY", required = true)]
    keys: Vec<PathBuf>,
    /// File with the secret keys' password; otherwise it is asked for where a key has one.
    #[arg(long)]
    password_file: Option<PathBuf>,
}

impl SigningArgs {
    /// One key.
    pub(crate) fn of(key: &Path, password_file: Option<&Path>) -> Self {
        Self { keys: vec![key.to_owned()], password_file: password_file.map(Path::to_owned) }
    }
}

/// Secret keys, each with the public half by which a root knows it.
pub(crate) struct Signers(Vec<Signer>);

struct Signer {
    path: PathBuf,
    public: Key,
    secret: SecretKey,
}

impl Signers {
    /// Reads the keys and refuses those that none of the roots has.
    pub(crate) fn read(args: &SigningArgs, roots: &[&Root]) -> Result<Self, CliError> {
        let password = args.password_file.as_deref();
        let signers: Result<Vec<_>, _> = args.keys.iter().map(|path| Signer::read(path, password)).collect();
        let signers = signers?;
        let is_known =
            |signer: &&Signer| roots.iter().any(|root| root.keys.values().any(|key| key.is_same(&signer.public)));
        match signers.iter().find(|signer| !is_known(signer)) {
            None => Ok(Self(signers)),
            Some(stranger) => {
                let known: BTreeSet<&str> =
                    roots.iter().flat_map(|root| root.keys.keys().map(String::as_str)).collect();
                let known = Vec::from_iter(known).join(", ");
                let message = format!("the root has no such key; it has {known}");
                Err(CliError::new(Kind::Key, "unknown_key", message).of(&stranger.path))
            }
        }
    }

    /// Signs a payload with every key that one of these roots has in the role for the document.
    pub(crate) fn sign(&self, document: Document, payload: String, roots: &[&Root]) -> Result<Envelope, CliError> {
        let mut envelope = Envelope::unsigned(payload);
        for signer in &self.0 {
            let mut names: Vec<&str> =
                roots.iter().filter_map(|root| name_of(root, document, &signer.public)).collect();
            names.dedup();
            for name in names {
                let comment = format!("dunlin {document}, signed by {name}");
                let bytes = envelope.payload.as_bytes();
                let minisig = minisign::sign(None, &signer.secret, bytes, Some(&comment), Some("dunlin channel"));
                let minisig = minisig.map_err(|error| key_error(&error))?.into_string();
                envelope.signatures.push(Signed { key: name.to_owned(), minisig });
            }
        }
        Ok(envelope)
    }
}

impl Signer {
    fn read(path: &Path, password: Option<&Path>) -> Result<Self, CliError> {
        let secret = secret_key(path, password)?;
        let public = PublicKey::from_secret_key(&secret).map_err(|error| key_error(&error).of(path))?;
        Ok(Self { path: path.to_owned(), public: parse(path, &public.to_base64())?, secret })
    }
}

/// Under which name a root lets a key sign a document.
fn name_of<'a>(root: &'a Root, document: Document, key: &Key) -> Option<&'a str> {
    let role: &Role = match document {
        Document::Root => &root.roles.root,
        Document::Channel => &root.roles.channel,
    };
    let is_it = |name: &&String| root.keys.get(*name).is_some_and(|known| known.is_same(key));
    role.keys.iter().find(is_it).map(String::as_str)
}

fn parse(path: &Path, text: &str) -> Result<Key, CliError> {
    Key::parse(text).map_err(|error| CliError::new(Kind::Key, "not_a_key", error).of(path))
}

/// Reads a public key; it is named by its file.
pub(crate) fn public_key(path: &Path) -> Result<(String, Key), CliError> {
    let text = std::fs::read(path).map_err(|error| CliError::file(path, &error))?;
    let key = parse(path, &String::from_utf8_lossy(&text))?;
    let name = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    if !is_name(&name) {
        let message = "keys are named by their file, with 1 to 64 of a-z, 0-9, - _ . in the name; rename it";
        return Err(CliError::new(Kind::Key, "no_name", message).of(path));
    }
    Ok((name, key))
}

/// The keys that bundles must be signed with.
pub(crate) fn bundle_keys(root: &Root) -> Result<TrustedKeys, CliError> {
    let mut keys = TrustedKeys::new();
    root.bundle_keys().try_for_each(|(name, key)| keys.add(name, key.text()))?;
    Ok(keys)
}
