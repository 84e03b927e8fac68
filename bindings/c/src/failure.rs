//! Why a call failed: the one place where errors of the runtime become a status, a code, a culprit and a message.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Display;

use dunlin::fallback::FallbackError;
use dunlin::ids::IdError;
use dunlin::journal::LabelError;
use dunlin::store::{self, StorageProblem};
use dunlin::{
    CloseError, FeatureError, InstallError, KeyError, PrecomputeError, PredictError, SessionError, SwitchError,
    UpdateError,
};

use crate::abi::status::Status;

/// What C is told of a call that failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    /// For machines.
    pub(crate) code: Cow<'static, str>,
    /// The feature, output, model, file or argument at fault; empty where it is none.
    pub(crate) culprit: String,
    /// For people: what is wrong and what to do.
    pub(crate) message: String,
}

impl Failure {
    fn new(status: Status, code: &'static str, culprit: &str, message: impl ToString) -> Self {
        Self { status, code: code.into(), culprit: culprit.to_owned(), message: message.to_string() }
    }

    /// An argument that cannot be used.
    pub(crate) fn argument(code: &'static str, argument: &str, message: impl ToString) -> Self {
        Self::new(Status::InvalidArgument, code, argument, message)
    }

    pub(crate) fn null(argument: &str) -> Self {
        Self::argument("null_pointer", argument, format!("'{argument}' is NULL; give a pointer"))
    }

    pub(crate) fn misaligned(argument: &str) -> Self {
        let message = format!("'{argument}' is not aligned for what it holds; give an array of that type");
        Self::argument("misaligned", argument, message)
    }

    pub(crate) fn no_such_index(argument: &str, found: impl Display, count: usize) -> Self {
        Self::argument("no_such_index", argument, format!("'{argument}' is {found}, there are {count}"))
    }

    pub(crate) fn too_small(needed: usize, capacity: usize) -> Self {
        let message = format!("the buffer holds {capacity} elements, {needed} are needed; give a larger one");
        Self::new(Status::BufferTooSmall, "buffer_too_small", "", message)
    }

    pub(crate) fn closed(what: &str) -> Self {
        Self::new(Status::Closed, "closed", what, format!("the {what} is closed, or its handle was never given out"))
    }

    pub(crate) fn busy(what: &str) -> Self {
        let message = format!("another call is using the {what}; wait for it, or give each thread its own");
        Self::new(Status::Busy, "busy", what, message)
    }

    pub(crate) fn too_many(what: &str) -> Self {
        Self::new(Status::Internal, "too_many", what, format!("too many of kind {what} are open; close some"))
    }

    /// A thing that a panic left in an unknown state.
    pub(crate) fn broken(what: &str) -> Self {
        let message = format!("an internal error broke the {what}; close it and open another");
        Self::new(Status::Internal, "broken", what, message)
    }

    /// A panic that was stopped at the boundary.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Self::new(Status::Internal, "panic", "", format!("an internal error, please report it: {text}"))
    }

    /// A row that was not kept.
    pub(crate) fn dropped() -> Self {
        let message = "the journal's queue is full and the value is not kept; call again later, it was counted";
        Self::new(Status::Storage, "dropped", "", message)
    }
}

impl From<FeatureError> for Failure {
    fn from(error: FeatureError) -> Self {
        Self::new(Status::Record, error.code(), error.feature().unwrap_or_default(), &error)
    }
}

impl From<PredictError> for Failure {
    fn from(error: PredictError) -> Self {
        // What names a feature, and whatever the schema says, is the record's; the rest is the model's.
        let of_record = matches!(error, PredictError::Feature(_)) || error.feature().is_some();
        let status = if of_record { Status::Record } else { Status::Model };
        Self::new(status, error.code(), error.feature().unwrap_or_default(), &error)
    }
}

impl From<InstallError> for Failure {
    fn from(error: InstallError) -> Self {
        match error {
            InstallError::Registry(store::InstallError::Storage(problem)) => problem.into(),
            refused => Self::new(Status::Refused, refused.code(), "", &refused),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match &error {
            SessionError::NotInstalled { model_id } => {
                Self::new(Status::NotInstalled, "not_installed", model_id, &error)
            }
            SessionError::Storage(_) => Self::new(Status::Storage, "storage", "", &error),
            SessionError::Bundle(bundle) => Self::new(Status::Model, bundle.code(), "", &error),
            SessionError::OtherRecords { source, .. } => {
                Self::new(Status::Model, "other_records", source.feature().unwrap_or_default(), &error)
            }
            SessionError::KeepsFailing { model_id, .. } => Self::new(Status::Model, "keeps_failing", model_id, &error),
            _ => Self::new(Status::Model, "cannot_load", "", &error),
        }
    }
}

impl From<SwitchError> for Failure {
    fn from(error: SwitchError) -> Self {
        let (code, model_id) = match &error {
            SwitchError::NoCandidate { model_id } => ("no_candidate", model_id.as_str()),
            SwitchError::NoPrevious { model_id } => ("no_previous", model_id.as_str()),
            SwitchError::Storage(problem) => return problem.clone().into(),
            _ => ("switch", ""),
        };
        Self::new(Status::Refused, code, model_id, &error)
    }
}

impl From<PrecomputeError> for Failure {
    fn from(error: PrecomputeError) -> Self {
        match &error {
            PrecomputeError::TooSmall { .. } => Self::argument("too_small", "max_bytes", &error),
            PrecomputeError::NotStored { model_id, .. } => Self::new(Status::Storage, "not_stored", model_id, &error),
            PrecomputeError::File { path, .. } => {
                Self::new(Status::Storage, "cannot_write", &path.display().to_string(), &error)
            }
            _ => Self::new(Status::Storage, "cannot_precompute", "", &error),
        }
    }
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        let path = match &error {
            UpdateError::Storage(problem) => return problem.clone().into(),
            UpdateError::NotConfigured => return Self::argument("no_channel", "updates_root", &error),
            UpdateError::Shipped(source) => return Self::argument(source.code(), "updates_root", &error),
            UpdateError::Busy => return Self::new(Status::Busy, "busy", "runtime", &error),
            UpdateError::NoAnswer { path, .. } | UpdateError::Status { path, .. } => path,
            UpdateError::Channel { path, .. } | UpdateError::Part { path, .. } => path,
            _ => "",
        };
        Self::new(Status::Update, error.code(), path, &error)
    }
}

impl From<StorageProblem> for Failure {
    fn from(problem: StorageProblem) -> Self {
        let message = format!("{problem}; {}", problem.remedy());
        Self::new(Status::Storage, "storage", &problem.path.to_string_lossy(), message)
    }
}

impl From<CloseError> for Failure {
    fn from(error: CloseError) -> Self {
        match error {
            CloseError::Storage(problem) => problem.into(),
            _ => Self::new(Status::Busy, "busy", "session", &error),
        }
    }
}

impl From<LabelError> for Failure {
    fn from(error: LabelError) -> Self {
        let (code, culprit) = match &error {
            LabelError::UnknownPrediction { .. } => ("unknown_prediction", "id"),
            LabelError::NotFinite { .. } => ("not_finite", "value"),
            LabelError::TooLong { .. } => ("too_long", "value"),
            _ => ("label", "value"),
        };
        Self::argument(code, culprit, &error)
    }
}

impl From<IdError> for Failure {
    fn from(error: IdError) -> Self {
        Self::argument("not_an_id", "id", &error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let (code, name) = match &error {
            KeyError::NotAKey { name } => ("not_a_key", name.as_str()),
            KeyError::SecretKey { name } => ("secret_key", name.as_str()),
            KeyError::NameTaken { name } => ("name_taken", name.as_str()),
            _ => ("key", ""),
        };
        Self::argument(code, name, &error)
    }
}

impl From<FallbackError> for Failure {
    fn from(error: FallbackError) -> Self {
        Self::new(Status::Fallback, error.code(), error.output().unwrap_or_default(), &error)
    }
}
