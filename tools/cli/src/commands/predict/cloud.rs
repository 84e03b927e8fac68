//! `dunlin predict --cloud`: sends the request that an answer makes by policy, and takes in what comes back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dunlin::fallback::{FallbackError, FallbackPolicy, Resolved};
use dunlin::outbox::Response;
use dunlin::{Answer, Session};
use dunlin_transport::HttpTransport;

use crate::error::{CliError, Kind};
use crate::transport;

/// Whether, where and how often to ask.
#[derive(clap::Args)]
pub(super) struct CloudArgs {
    /// Ask this service (Open Inference Protocol) for what nobody here can answer: features that may leave, and nothing
    /// else. Needs --dir.
    #[arg(long, value_name = "URL")]
    cloud: Option<String>,
    /// File that holds the service's bearer token.
    #[arg(long, value_name = "FILE", requires = "cloud")]
    token_file: Option<PathBuf>,
    /// Longest wait for an answer, in milliseconds.
    #[arg(long, value_name = "MS", requires = "cloud", value_parser = clap::value_parser!(u64).range(1..=600_000))]
    cloud_deadline: Option<u64>,
    /// Most requests a day, over all runs with this folder.
    #[arg(long, value_name = "N", requires = "cloud")]
    cloud_budget: Option<u32>,
}

/// A service that is asked.
pub(crate) struct Cloud {
    transport: HttpTransport,
    policy: FallbackPolicy,
}

impl CloudArgs {
    /// The service, where one is named.
    pub(super) fn open(&self, dir: Option<&Path>) -> Result<Option<Box<Cloud>>, CliError> {
        let Some(url) = &self.cloud else { return Ok(None) };
        if dir.is_none() {
            let why = "--cloud needs --dir: without a runtime folder nothing can be remembered, neither what the cloud \
                       answered nor how often it was asked today";
            return Err(CliError::new(Kind::Usage, "cloud_without_dir", why));
        }
        let mut policy = FallbackPolicy::default();
        policy.deadline = self.cloud_deadline.map_or(policy.deadline, Duration::from_millis);
        policy.requests_a_day = self.cloud_budget.unwrap_or(policy.requests_a_day);
        let transport = transport::open(url, self.token_file.as_deref())?;
        Ok(Some(Box::new(Cloud { transport, policy })))
    }
}

impl Cloud {
    /// When the runtime may ask.
    pub(crate) fn policy(&self) -> FallbackPolicy {
        self.policy.clone()
    }

    /// Sends the request of an answer that makes one, waits for what comes, and has the session judge it.
    pub(crate) fn ask(&self, session: &mut Session, answer: &Answer) -> Option<Result<Resolved, FallbackError>> {
        let request = answer.fallback.as_ref()?;
        let came = self.transport.post(&request.path, request.content_type, &request.body(), request.deadline);
        let came = came.map(|came| Response { status: came.status, body: came.body, ..Response::default() });
        Some(session.resolve(request, came))
    }
}
