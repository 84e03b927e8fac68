//! The cloud fallback stub: takes in summaries, answers inference requests, hands out bundles, shows what it received.
//!
//! A request goes from the listener ([`Server`]) through the token and the rate limit to one of four parts: the store
//! (SQLite: an upload is acknowledged when it is on disk), the models (a predictor over every signed bundle's latest
//! version), the files of bundles and of an update channel, and the page. docs/cloud.md says how to run it, docs/upload-protocol.md what it speaks.
//! One process is its limit.
//!
//! ```
//! use dunlin_cloud::{Config, Server};
//!
//! let data = tempfile::tempdir()?;
//! let server = Server::start(Config::new(data.path()))?;
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! server.stop();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod api;
mod config;
mod connection;
mod error;
mod faults;
mod limits;
mod models;
mod rate;
mod server;
mod store;
mod token;

pub use config::Config;
pub use error::StartError;
pub use faults::{Fault, FaultError, FaultPlan};
pub use limits::{Limits, Rate};
pub use models::ModelsError;
pub use server::Server;
pub use store::{AlarmCount, ModelStatistics, Received, StoreError, received};
pub use token::{TokenError, Tokens};
