//! Batches: through the library, and through `dunlin batch`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "a measurement is printed")]

mod command;
mod killed;
mod library;
#[cfg(target_os = "linux")]
mod measure;
mod parquet;
mod place;
mod recipe;
