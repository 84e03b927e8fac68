//! The C ABI of the runtime, for firmware: `include/dunlin.h` is made from [`abi`] and tells a C reader how to use it.
//!
//! ```text
//! C --abi: extern functions--> pointers --> values --> opened, seat, draft: safe code on handles --> dunlin
//!                                                           '--> failure: status, code, culprit, message
//! ```
//!
//! Handles are numbers in a table, never addresses: what is closed or was never given out is told, not followed. A
//! panic ends at the boundary as a status.

#![deny(unsafe_code)]

#[allow(unsafe_code, reason = "C hands over pointers")]
pub mod abi;
mod defaults;
mod draft;
mod failure;
mod fixed;
mod opened;
#[allow(unsafe_code, reason = "C hands over pointers")]
mod pointers;
mod seat;
mod settings;
mod slab;
