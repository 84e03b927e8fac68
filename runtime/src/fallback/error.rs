//! Why what came back for a request is not an answer, and what to do about it.

use std::time::Duration;

use dunlin_predictor::Reason;
use thiserror::Error;

use crate::ids::PredictionId;
use crate::outbox::TransportError;

/// A request of the cloud fallback has no answer that may be used; the answer that `predict` gave stands.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum FallbackError {
    /// The session has no such request, or not any more.
    #[error(
        "no request of prediction {id} waits in this session; resolve each request once, in the session that made it"
    )]
    NotWaiting {
        /// The prediction.
        id: PredictionId,
    },
    /// The answer came after the deadline.
    #[error(
        "the answer came {} ms after the request, the deadline is {} ms; send sooner, or set a later deadline",
        .after.as_millis(),
        .deadline.as_millis()
    )]
    TooLate {
        /// Time from request to answer.
        after: Duration,
        /// The request's deadline.
        deadline: Duration,
    },
    /// There was no answer at all.
    #[error("{0}; check the network, later requests try again")]
    NoAnswer(#[from] TransportError),
    /// The service does not accept the token.
    #[error("status {status}: the service does not accept the token; renew it")]
    Unwelcome {
        /// Status of HTTP: 401 or 403.
        status: u16,
    },
    /// Another status than success.
    #[error("status {status} is no answer; {}", remedy(*.status))]
    Status {
        /// Status of HTTP.
        status: u16,
    },
    /// The body is longer than any answer.
    #[error(
        "the answer takes {found_bytes} bytes, at most {max_bytes} are looked at; check what answers at this address"
    )]
    TooLong {
        /// Its length.
        found_bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
    /// The body is no response of the Open Inference Protocol.
    #[error("the body is no inference response; check the address, or log in to the network (a captive portal?)")]
    NotTheProtocol,
    /// The answer is to another request.
    #[error("the answer names another request than {expected}; check what stands between device and service")]
    OtherId {
        /// The prediction that was asked for.
        expected: PredictionId,
    },
    /// An output of the schema is not there.
    #[error("output '{output}' is missing; serve a model with the outputs of the bundle's schema")]
    MissingOutput {
        /// The output.
        output: String,
    },
    /// An output of the schema is there more than once.
    #[error("output '{output}' comes more than once; serve a model with the outputs of the bundle's schema")]
    RepeatedOutput {
        /// The output.
        output: String,
    },
    /// An output has another number of elements.
    #[error("output '{output}' has {found} elements, {expected} are expected; serve a model of the bundle's shapes")]
    WrongLength {
        /// The output.
        output: String,
        /// Elements expected.
        expected: usize,
        /// Elements found.
        found: usize,
    },
    /// An output holds something else than numbers.
    #[error("output '{output}' holds something else than numbers; serve it as FP32 or FP64")]
    NotNumbers {
        /// The output.
        output: String,
    },
    /// A classification's numbers are no probabilities.
    #[error(
        "output '{output}' holds no probabilities of its classes; serve a model that ends in a softmax or a sigmoid"
    )]
    NotProbabilities {
        /// The output.
        output: String,
    },
    /// The guard abstains on the cloud's answer too.
    #[error("the cloud's answer is not accepted: {}; nobody is sure of this record", joined(.reasons))]
    NotAccepted {
        /// Why.
        reasons: Vec<Reason>,
    },
}

impl FallbackError {
    /// A short name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWaiting { .. } => "not_waiting",
            Self::TooLate { .. } => "too_late",
            Self::NoAnswer(_) => "no_answer",
            Self::Unwelcome { .. } => "unwelcome",
            Self::Status { .. } => "status",
            Self::TooLong { .. } => "too_long",
            Self::NotTheProtocol => "not_the_protocol",
            Self::OtherId { .. } => "other_id",
            Self::MissingOutput { .. } => "missing_output",
            Self::RepeatedOutput { .. } => "repeated_output",
            Self::WrongLength { .. } => "wrong_length",
            Self::NotNumbers { .. } => "not_numbers",
            Self::NotProbabilities { .. } => "not_probabilities",
            Self::NotAccepted { .. } => "not_accepted",
        }
    }

    /// The output at fault, where it is one.
    #[must_use]
    pub fn output(&self) -> Option<&str> {
        match self {
            Self::MissingOutput { output }
            | Self::RepeatedOutput { output }
            | Self::WrongLength { output, .. }
            | Self::NotNumbers { output }
            | Self::NotProbabilities { output } => Some(output),
            Self::NotAccepted { reasons } => reasons.first().map(Reason::culprit),
            _ => None,
        }
    }

    /// Whether nothing came that could be judged, as against an answer that was judged and refused.
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::NoAnswer(_) | Self::Unwelcome { .. } | Self::Status { .. })
    }

    /// Whether the service did its work all the same: it, or the guard here, has no answer for this one record.
    pub(crate) fn is_of_the_record(&self) -> bool {
        matches!(self, Self::NotAccepted { .. } | Self::Status { status: 422 })
    }
}

/// What a status asks of whoever reads it.
fn remedy(status: u16) -> &'static str {
    match status {
        422 => "the service has no answer for this record",
        408 | 429 => "later requests try again",
        300..=399 => "redirects are not followed: give the address that it leads to",
        400..=499 => "check that the service speaks the Open Inference Protocol and serves this model",
        _ => "the service is in trouble, later requests try again",
    }
}

fn joined(reasons: &[Reason]) -> String {
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
