//! HTTP for the runtime, which has none of its own: one request, one answer, bounded in time and size, no retry.
//!
//! Redirects are answers like any other and never followed: the token and the summary are for one receiver. Proxy
//! variables of the environment are not looked at, since a proxy that somebody set for a browser must not decide where a
//! summary goes.

#![forbid(unsafe_code)]

mod address;
mod error;
mod failure;
mod token;

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use dunlin::outbox::{Fetch, Response, Transport, TransportError, Upload};
use log::LevelFilter;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RANGE, RETRY_AFTER};

pub use ureq::http::header::HeaderMap;

pub use crate::address::Address;
pub use crate::error::SetupError;
use crate::token::Token;

/// Longest wait for a connection: a phone's radio takes a few seconds to wake, a server that takes longer is not there.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait for a whole answer, unless somebody asks for another.
pub const WHOLE: Duration = Duration::from_secs(30);
/// Longest answer to an upload: an acknowledgement takes a hundred bytes, an error a few thousand.
const UPLOAD_ANSWER_BYTES: u64 = 64 << 10;
/// Longest answer to anything else: the scores of a few hundred records.
const ANSWER_BYTES: u64 = 1 << 20;

/// Sends requests to one receiver.
pub struct HttpTransport {
    agent: ureq::Agent,
    address: Address,
    token: Option<Token>,
    whole: Duration,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// Status of HTTP.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl HttpTransport {
    /// A transport to a base address (`https://host:port/path`), with a bearer token from a file where there is one.
    ///
    /// # Errors
    /// [`SetupError`] saying what is wrong with the address, or with the file.
    pub fn open(url: &str, token_file: Option<&Path>) -> Result<Self, SetupError> {
        let address = Address::parse(url)?;
        let token = token_file.map(Token::read).transpose()?;
        // At the level below, ureq logs the bytes that it sends, the token among them.
        log::set_max_level(log::max_level().min(LevelFilter::Debug));
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_connect(Some(CONNECT))
            .user_agent(concat!("dunlin/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.new_agent(), address, token, whole: WHOLE })
    }

    /// The same with another longest wait for a whole answer.
    #[must_use]
    pub fn within(self, whole: Duration) -> Self {
        Self { whole, ..self }
    }

    /// Where it sends to.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Whether others on the way can read the token: it goes over plain http to another machine.
    #[must_use]
    pub fn exposes_token(&self) -> bool {
        self.token.is_some() && self.address.is_open_to_listeners()
    }

    /// Posts a body to a path below the address; the answer is whole, or there is none.
    ///
    /// # Errors
    /// [`TransportError`] saying why there was none.
    pub fn post(
        &self,
        path: &str,
        content_type: &str,
        body: &[u8],
        timeout: Duration,
    ) -> Result<Answer, TransportError> {
        self.exchange(&Posted { path, content_type, content_encoding: None, body }, timeout, ANSWER_BYTES)
    }

    fn exchange(&self, posted: &Posted<'_>, whole: Duration, most: u64) -> Result<Answer, TransportError> {
        let mut request = self.agent.post(self.address.below(posted.path)).header(ACCEPT, "application/json");
        request = request.header(CONTENT_TYPE, posted.content_type);
        if let Some(encoding) = posted.content_encoding {
            request = request.header(CONTENT_ENCODING, encoding);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.header());
        }
        let request = request.config().timeout_global(Some(whole)).build();
        self.read(request.send(posted.body), whole, most)
    }

    /// Gets a file below the address, or a part of it.
    fn get(&self, fetch: &Fetch) -> Result<Answer, TransportError> {
        let mut request = self.agent.get(self.address.below(&fetch.path));
        if let Some(range) = &fetch.range {
            request = request.header(RANGE, range);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.header());
        }
        let request = request.config().timeout_global(Some(self.whole)).build();
        self.read(request.call(), self.whole, fetch.max_bytes)
    }

    fn read(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
        whole: Duration,
        most: u64,
    ) -> Result<Answer, TransportError> {
        let failed = |error: &ureq::Error| failure::error(error, &self.address, whole);
        let (head, mut body) = answer.map_err(|e| failed(&e))?.into_parts();
        let mut bytes = Vec::new();
        let read = body.as_reader().take(most + 1).read_to_end(&mut bytes);
        read.map_err(|error| failed(&ureq::Error::from(error)))?;
        if bytes.len() as u64 > most {
            return Err(failure::too_long(&self.address, most));
        }
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: bytes })
    }
}

/// What is posted.
struct Posted<'a> {
    path: &'a str,
    content_type: &'a str,
    content_encoding: Option<&'a str>,
    body: &'a [u8],
}

impl Transport for HttpTransport {
    fn send(&mut self, upload: &Upload) -> Result<Response, TransportError> {
        let Upload { path, content_type, content_encoding, body, .. } = upload;
        let posted = Posted { path, content_type, content_encoding: Some(content_encoding), body };
        let Answer { status, headers, body } = self.exchange(&posted, self.whole, UPLOAD_ANSWER_BYTES)?;
        Ok(Response { status, retry_after: retry_after(&headers), body })
    }

    fn fetch(&mut self, fetch: &Fetch) -> Result<Response, TransportError> {
        let Answer { status, headers, body } = self.get(fetch)?;
        Ok(Response { status, retry_after: retry_after(&headers), body })
    }
}

fn retry_after(headers: &HeaderMap) -> Option<String> {
    headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
