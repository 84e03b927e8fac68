//! The whole line through the public API: install, session, predict, label, and what the journal holds afterwards.

mod answers;
mod degraded;
mod device;
mod install;
mod privacy;
mod random;
