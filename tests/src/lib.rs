//! What the tests of the whole product share: a small model made by hand, keys to sign it with, and a forger of bundles.
//!
//! ```
//! use dunlin_bundle::Bundle;
//! use dunlin_tests::{fixture, signing::TestKey};
//!
//! let key = TestKey::generate();
//! let signed = key.sign_bundle(fixture::tiny_parts().write()?)?;
//! let bundle = Bundle::read(signed, &key.trusted())?;
//! assert_eq!((bundle.signer(), bundle.manifest().model_id.as_str()), ("test", "tiny"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod binary;
pub mod challenger;
#[cfg(target_os = "linux")]
pub mod cpu_time;
pub mod engines;
pub mod every_feature;
pub mod fixture;
pub mod forge;
pub mod level_model;
#[cfg(target_os = "linux")]
pub mod no_network;
pub mod op_case;
pub mod random_graph;
pub mod server;
pub mod signing;
#[cfg(target_os = "linux")]
pub mod small_disk;
pub mod tiny_model;

pub use binary::{binary, daemon};
