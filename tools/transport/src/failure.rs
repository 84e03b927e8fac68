//! Why there was no answer, in words that name the host and never a part of the request.

use std::io::ErrorKind;
use std::time::Duration;

use dunlin::outbox::TransportError;
use ureq::{Error, Timeout};

use crate::address::Address;

/// What became of a request that got no whole answer.
pub(crate) fn error(error: &Error, address: &Address, whole: Duration) -> TransportError {
    let host = address.host();
    let seconds = whole.as_secs_f64();
    TransportError::new(match error {
        Error::Timeout(Timeout::Connect | Timeout::Resolve) => format!("no connection to {host} in time"),
        Error::Timeout(_) => format!("{host} gave no whole answer within {seconds} s"),
        Error::HostNotFound => format!("there is no host {host}; check the name and the network"),
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => format!("{host} refuses the connection; is the server running?"),
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe => format!("the connection to {host} broke off"),
            ErrorKind::InvalidData => format!("what {host} sends cannot be read; is it a server of this protocol?"),
            kind => format!("{host}: {kind}"),
        },
        Error::Rustls(error) => format!("no secure connection to {host}: {error}"),
        Error::Tls(what) => format!("no secure connection to {host}: {what}"),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => format!("what {host} answers is not HTTP"),
        Error::ConnectionFailed => format!("no connection to {host}"),
        _ => format!("the request to {host} could not be made"),
    })
}

/// An answer that is longer than any of this protocol.
pub(crate) fn too_long(address: &Address, most: u64) -> TransportError {
    let host = address.host();
    TransportError::new(format!("the answer of {host} is longer than {} KiB; is it the right server?", most >> 10))
}
