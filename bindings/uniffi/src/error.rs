//! The one error of the SDKs, and the one place where the runtime's errors become it.

use std::any::Any;

use dunlin::fallback::FallbackError;
use dunlin::ids::IdError;
use dunlin::journal::LabelError;
use dunlin::store::{self, StorageProblem};
use dunlin::{CloseError, FeatureError, InstallError, KeyError, PredictError, SessionError, SwitchError};

use crate::boundary::panic_text;

/// Why a call did not do what it was asked to. Each message names the culprit and says what to do, without a user's data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum DunlinError {
    /// The record is refused.
    #[error("{message}")]
    Record {
        /// A short name for machines: `missing`, `wrong_type`, `out_of_domain`, ...
        code: String,
        /// The feature at fault, where it is one.
        feature: Option<String>,
        /// What is wrong and what to do.
        message: String,
    },
    /// A bundle, or a change of who answers, is refused; the model that was active stays active.
    #[error("{message}")]
    Refused {
        /// A short name for machines: `unknown_signer`, `older`, `golden_disagrees`, `no_candidate`, ...
        code: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// No model of this name is installed.
    #[error("{message}")]
    NotInstalled {
        /// The name asked for.
        model_id: String,
        /// What to do.
        message: String,
    },
    /// The model cannot be loaded, or its engine failed.
    #[error("{message}")]
    Model {
        /// A short name for machines.
        code: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// The folder or one of its databases cannot be read or written.
    #[error("{message}")]
    Storage {
        /// What is wrong and what to do.
        message: String,
    },
    /// What came back for a fallback request is no answer; the device's own answer stands.
    #[error("{message}")]
    Fallback {
        /// What is wrong and what to do.
        message: String,
    },
    /// The runtime or the session has been closed.
    #[error("{message}")]
    Closed {
        /// What to do.
        message: String,
    },
    /// The call itself is wrong.
    #[error("{message}")]
    InvalidArgument {
        /// What is wrong and what would be right.
        message: String,
    },
    /// Another call is inside: of `update` in every language, of the rest only in C, where the others wait.
    #[error("{message}")]
    Busy {
        /// What to do.
        message: String,
    },
    /// A defect of the library, stopped before it could reach the app.
    #[error("{message}")]
    Internal {
        /// What is known of it.
        message: String,
    },
    /// The update channel could not be followed to its end; the present models answer on.
    #[error("{message}")]
    Update {
        /// A short name for machines: `no_answer`, `status`, `part`, `expired`, `below_threshold`, ...
        code: String,
        /// What is wrong and what to do.
        message: String,
    },
}

impl DunlinError {
    /// The kind as a number, for callers that can hold nothing else; its numbers never change.
    #[must_use]
    pub fn kind(&self) -> i32 {
        match self {
            Self::Record { .. } => 1,
            Self::Refused { .. } => 2,
            Self::NotInstalled { .. } => 3,
            Self::Model { .. } => 4,
            Self::Storage { .. } => 5,
            Self::Fallback { .. } => 6,
            Self::Closed { .. } => 7,
            Self::InvalidArgument { .. } => 8,
            Self::Busy { .. } => 9,
            Self::Internal { .. } => 10,
            // C has a buffer that is too small between the two.
            Self::Update { .. } => 12,
        }
    }

    /// A short name for machines, where the kind alone does not say it.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Record { code, .. }
            | Self::Refused { code, .. }
            | Self::Model { code, .. }
            | Self::Update { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The feature at fault, where it is one.
    #[must_use]
    pub fn feature(&self) -> Option<&str> {
        match self {
            Self::Record { feature, .. } => feature.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidArgument { message: message.into() }
    }

    pub(crate) fn runtime_closed() -> Self {
        Self::Closed { message: "the runtime is closed; open it again".to_owned() }
    }

    pub(crate) fn session_closed() -> Self {
        Self::Closed { message: "the session is closed; ask the runtime for another".to_owned() }
    }

    pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        Self::Internal { message: format!("a defect of Dunlin, please report it: {}", panic_text(panic)) }
    }

    /// Something that the runtime has a word for and this surface has not.
    pub(crate) fn unknown(what: &str) -> Self {
        Self::Internal { message: format!("this version of the SDK has no word for {what}; please report it") }
    }
}

impl From<FeatureError> for DunlinError {
    fn from(error: FeatureError) -> Self {
        PredictError::from(error).into()
    }
}

impl From<PredictError> for DunlinError {
    /// What names a feature, and whatever the schema says, is the record's; the rest is the model's.
    fn from(error: PredictError) -> Self {
        let (code, message) = (error.code().to_owned(), error.to_string());
        let feature = error.feature().map(str::to_owned);
        match error {
            PredictError::Feature(_) => Self::Record { code, feature, message },
            _ if feature.is_some() => Self::Record { code, feature, message },
            _ => Self::Model { code, message },
        }
    }
}

impl From<StorageProblem> for DunlinError {
    fn from(problem: StorageProblem) -> Self {
        Self::Storage { message: format!("{problem}; {}", problem.remedy()) }
    }
}

impl From<InstallError> for DunlinError {
    fn from(error: InstallError) -> Self {
        match error {
            InstallError::Registry(store::InstallError::Storage(problem)) => problem.into(),
            refused => Self::Refused { code: refused.code().to_owned(), message: refused.to_string() },
        }
    }
}

impl From<SessionError> for DunlinError {
    fn from(error: SessionError) -> Self {
        let message = error.to_string();
        match error {
            SessionError::NotInstalled { model_id } => Self::NotInstalled { model_id, message },
            SessionError::Storage(_) => Self::Storage { message },
            SessionError::Bundle(cause) => Self::Model { code: cause.code().to_owned(), message },
            SessionError::OtherRecords { .. } => Self::Model { code: "other_records".to_owned(), message },
            SessionError::KeepsFailing { .. } => Self::Model { code: "keeps_failing".to_owned(), message },
            _ => Self::Model { code: "cannot_load".to_owned(), message },
        }
    }
}

impl From<SwitchError> for DunlinError {
    fn from(error: SwitchError) -> Self {
        let message = error.to_string();
        match error {
            SwitchError::NoCandidate { .. } => Self::Refused { code: "no_candidate".to_owned(), message },
            SwitchError::NoPrevious { .. } => Self::Refused { code: "no_previous".to_owned(), message },
            SwitchError::Storage(problem) => problem.into(),
            _ => Self::unknown(&format!("'{message}'")),
        }
    }
}

impl From<FallbackError> for DunlinError {
    fn from(error: FallbackError) -> Self {
        Self::Fallback { message: error.to_string() }
    }
}

impl From<LabelError> for DunlinError {
    fn from(error: LabelError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<IdError> for DunlinError {
    fn from(error: IdError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<KeyError> for DunlinError {
    fn from(error: KeyError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<CloseError> for DunlinError {
    fn from(error: CloseError) -> Self {
        match error {
            CloseError::Storage(problem) => problem.into(),
            other => Self::Internal { message: other.to_string() },
        }
    }
}
