//! The update channel, as decisions over bytes: who may sign what, which channel is believed, what a device takes from it,
//! and which bytes it fetches next. No file, no socket and no clock is touched here.
//!
//! A [`Root`] names the keys and travels with the app; a [`Channel`] names the releases and is fetched. Both come in an
//! [`Envelope`]. [`Trust`] is what a device remembers: it follows the roots one by one, then takes the channel, or refuses
//! with a [`ChannelError`] that names the culprit. [`Channel::for_device`] then says which release to take, and [`Parts`]
//! how to fetch it. docs/channel.md has the format, the rules, and the attack that each of them stops.
//!
//! ```
//! use dunlin_channel::{Channel, Device, Trust};
//!
//! # fn sync(root: &[u8], next_roots: &[Vec<u8>], served: &[u8], now_us: i64) -> Result<(), dunlin_channel::ChannelError> {
//! let mut trust = Trust::shipped(root, "stable")?;
//! for root in next_roots {
//!     trust.accept_root(root)?;
//! }
//! let channel: Channel = trust.accept_channel(served, now_us)?;
//! let device = Device {
//!     install_id: "0190a6d2-7c1e-7b3a-9f42-5b8e1d0c6a97",
//!     arch: std::env::consts::ARCH,
//!     model_id: "digits",
//!     active_sequence: Some(3),
//!     held: &[],
//!     refused: &[],
//! };
//! if let Some(release) = channel.for_device(&device).take {
//!     println!("fetch {} ({} bytes)", release.path, release.bytes);
//! }
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod channel;
mod device;
mod digest;
mod envelope;
mod error;
mod json;
mod key;
pub mod limits;
mod moment;
mod parts;
mod payload;
pub mod rollout;
mod root;
mod signatures;
mod trust;

pub use channel::{Channel, Recall, Release};
pub use device::{Choice, Device, Why};
pub use digest::{Digest, NotADigest};
pub use envelope::{Envelope, Signed};
pub use error::{ChannelError, Document, SignatureFault, Uncounted};
pub use key::{Key, NotAKey};
pub use moment::Moment;
pub use parts::{Part, PartError, Parts};
pub use payload::{FORMAT, is_name};
pub use root::{Role, Roles, Root};
pub use trust::Trust;
