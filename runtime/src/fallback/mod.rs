//! Asking a larger model elsewhere without waiting for it: by policy `predict` returns a request beside its answer, the
//! host sends it when and how it likes, and [`Session::resolve`](crate::Session::resolve) judges what came back.
//!
//! ```text
//! abstained --policy--> may it ask? --schema, policy--> what may leave? --breaker, budget--> FallbackRequest
//! FallbackRequest --the host--> Response --resolve--> protocol, names, numbers, guard --> Resolved, and the journal's row
//! ```
//!
//! The answer that `predict` gave stands until, and unless, a request is resolved. Nothing leaves that the bundle's
//! schema does not let leave; the app can narrow that, never widen it. docs/fallback.md tells the whole of it.
//!
//! ```no_run
//! use std::time::Duration;
//! use dunlin::fallback::FallbackPolicy;
//! use dunlin::outbox::{Response, TransportError};
//! use dunlin::{Config, Record, Runtime, TrustedKeys};
//!
//! # fn post(path: &str, body: &[u8], within: Duration) -> Result<Response, TransportError> { unimplemented!() }
//! let policy = FallbackPolicy { requests_a_day: 20, ..FallbackPolicy::default() };
//! let runtime = Runtime::open(Config::new("app-data/dunlin", TrustedKeys::new()).fallback(policy));
//! let mut session = runtime.session("digits")?;
//! let record = Record::from_json_str(session.schema(), r#"{"image": [[0, 5], [9, 0]]}"#)?;
//!
//! let answer = session.predict(&record)?;
//! if let Some(request) = &answer.fallback {
//!     // Anywhere, any time before the deadline: nothing of the runtime waits for it.
//!     let came = post(&request.path, &request.body(), request.deadline);
//!     match session.resolve(request, came) {
//!         Ok(resolved) => println!("the cloud says {:?}", resolved.class()),
//!         Err(error) => eprintln!("{error}; the device's own answer stands"),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod desk;
mod error;
mod gate;
mod leaving;
mod policy;
mod reply;
mod request;
mod rules;

pub(crate) use desk::{Desk, Waiting};
pub use error::FallbackError;
pub(crate) use leaving::Leaving;
pub(crate) use reply::judge;
pub use request::{FallbackRequest, Resolved};
pub use rules::{AskOn, FallbackPolicy};
