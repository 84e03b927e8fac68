//! What a server is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use dunlin_bundle::TrustedKeys;

use crate::faults::FaultPlan;
use crate::limits::Limits;
use crate::token::Tokens;

/// Where a server listens, what it keeps and hands out, and whom it lets in.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Folder of the server's own, made where it is missing.
    pub data: PathBuf,
    /// Folder of signed bundles to answer with and to hand out.
    pub bundles: Option<PathBuf>,
    /// Keys that the bundles must be signed with.
    pub keys: TrustedKeys,
    /// Folder of an update channel to hand out, as `dunlin publish` writes it; read anew for each request.
    pub channel: Option<PathBuf>,
    /// Who may come in; without any token, everybody who reaches the address.
    pub tokens: Tokens,
    /// Lets everybody in from other machines too, where there is no token.
    pub open: bool,
    /// What to hold back, and for how long.
    pub limits: Limits,
    /// What goes wrong on purpose, for tests of devices.
    pub faults: FaultPlan,
}

impl Config {
    /// A server on a free loopback port, without token and bundles.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            data: data.into(),
            bundles: None,
            keys: TrustedKeys::new(),
            channel: None,
            tokens: Tokens::none(),
            open: false,
            limits: Limits::default(),
            faults: FaultPlan::default(),
        }
    }
}
