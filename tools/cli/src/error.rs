//! What the command says and which exit code it ends with when something is wrong.

use std::borrow::Cow;
use std::path::Path;
use std::process::ExitCode;

use crate::output::Output;

/// The table that `--help` prints; docs/cli.md holds the same.
pub(crate) const EXIT_CODES_HELP: &str = "Exit codes:
  0  done
  1  a file cannot be read or written, or something failed that has no code of its own
  2  the command line is wrong
  3  --strict, and a record was refused or nobody answered it
  4  a bundle or a channel was refused: damaged, unsigned, untrusted, not admitted, old, it disagrees with its golden set, or does not follow another; or it needs more than the budget allows
  5  a key is not a key, does not open, or is not enough; a token is no token
  6  the folder given with --dir or --data cannot be used as it should: locked, full, read-only, damaged
  7  a model folder cannot be trained, packed or signed
  8  something could not be delivered: it waits, or the receiver refused it";

/// Kinds of failure, each with its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Files and everything else.
    Failed = 1,
    /// A word of the command line that is known to be wrong only when it is used.
    Usage = 2,
    /// Records refused under `--strict`.
    Records = 3,
    /// A bundle or a channel refused.
    Bundle = 4,
    /// A key that cannot be used.
    Key = 5,
    /// The runtime's folder cannot be used as it should.
    Storage = 6,
    /// A model folder that cannot become a bundle.
    Model = 7,
    /// Something waits to be delivered, or was refused for good.
    Undelivered = 8,
}

/// A failed command.
#[derive(Debug)]
pub(crate) struct CliError {
    kind: Kind,
    code: Cow<'static, str>,
    message: String,
}

impl CliError {
    /// A failure with a short name for machines and a message for people.
    pub(crate) fn new(kind: Kind, code: impl Into<Cow<'static, str>>, message: impl ToString) -> Self {
        Self { kind, code: code.into(), message: message.to_string() }
    }

    /// A failure that the command's own result tells already.
    pub(crate) fn told(kind: Kind) -> Self {
        Self::new(kind, "", "")
    }

    /// A file that the system would not read or write.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        let remedy = match error.kind() {
            std::io::ErrorKind::NotFound => "; check the path",
            std::io::ErrorKind::PermissionDenied => "; check who may read and write it",
            std::io::ErrorKind::StorageFull => "; free some space",
            _ => "",
        };
        Self::new(Kind::Failed, "file", format!("{}: {error}{remedy}", path.display()))
    }

    /// Names the file that the error is about.
    pub(crate) fn of(self, path: &Path) -> Self {
        Self { message: format!("{}: {}", path.display(), self.message), ..self }
    }

    /// Tells people on stderr, machines on stdout, and gives the exit code.
    pub(crate) fn report(&self, output: Output) -> ExitCode {
        if self.message.is_empty() {
            return ExitCode::from(self.kind as u8);
        }
        if output.json {
            output.line(&serde_json::json!({"error": {"code": self.code, "message": self.message}}).to_string());
        } else {
            eprintln!("dunlin: {}", self.message);
        }
        ExitCode::from(self.kind as u8)
    }
}

impl std::fmt::Display for CliError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<dunlin_bundle::BundleError> for CliError {
    fn from(error: dunlin_bundle::BundleError) -> Self {
        Self::new(Kind::Bundle, error.code(), error)
    }
}

impl From<dunlin_bundle::WriteError> for CliError {
    fn from(error: dunlin_bundle::WriteError) -> Self {
        match error {
            dunlin_bundle::WriteError::Refused(error) => error.into(),
            other => Self::new(Kind::Model, "cannot_write_bundle", other),
        }
    }
}

impl From<dunlin_bundle::KeyError> for CliError {
    fn from(error: dunlin_bundle::KeyError) -> Self {
        Self::new(Kind::Key, "not_a_key", error)
    }
}

impl From<dunlin_import::ImportError> for CliError {
    fn from(error: dunlin_import::ImportError) -> Self {
        Self::new(Kind::Model, "cannot_import", error)
    }
}

impl From<dunlin_models::pack::PackError> for CliError {
    fn from(error: dunlin_models::pack::PackError) -> Self {
        Self::new(Kind::Model, "cannot_pack", error)
    }
}

impl From<dunlin_models::FolderError> for CliError {
    fn from(error: dunlin_models::FolderError) -> Self {
        Self::new(Kind::Model, "model_folder", error)
    }
}

impl From<dunlin_models::RecipeError> for CliError {
    fn from(error: dunlin_models::RecipeError) -> Self {
        Self::new(Kind::Model, "training", error)
    }
}

impl From<dunlin::InstallError> for CliError {
    fn from(error: dunlin::InstallError) -> Self {
        let kind = match &error {
            dunlin::InstallError::Unreadable { .. } => Kind::Failed,
            dunlin::InstallError::Registry(dunlin::store::InstallError::Storage(problem)) => return problem.into(),
            _ => Kind::Bundle,
        };
        Self::new(kind, error.code(), error)
    }
}

impl From<&dunlin::store::StorageProblem> for CliError {
    fn from(problem: &dunlin::store::StorageProblem) -> Self {
        Self::new(Kind::Storage, "storage", format!("{problem}; {}", problem.remedy()))
    }
}

impl From<dunlin::SessionError> for CliError {
    fn from(error: dunlin::SessionError) -> Self {
        let kind = match &error {
            dunlin::SessionError::Storage(_) => Kind::Storage,
            _ => Kind::Bundle,
        };
        Self::new(kind, "no_session", error)
    }
}

impl From<dunlin_predictor::LoadError> for CliError {
    fn from(error: dunlin_predictor::LoadError) -> Self {
        Self::new(Kind::Bundle, "cannot_load", error)
    }
}

impl From<dunlin_predictor::GoldenError> for CliError {
    fn from(error: dunlin_predictor::GoldenError) -> Self {
        Self::new(Kind::Bundle, "golden_disagrees", error)
    }
}
