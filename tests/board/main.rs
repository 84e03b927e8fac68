//! A board in an emulator: it is flashed, samples a machine, sees its sensor come loose, gets a network for a while, takes an
//! update, and has its power pulled again and again.
//!
//! `cargo xtask board` prepares what it needs and runs it: `board PARTS KILLS`.

#![allow(clippy::unwrap_used, reason = "a board that cannot go on ends")]
#![allow(clippy::print_stdout, reason = "the report is for people")]

mod disk;
mod emulator;
mod factory;
mod image;
mod inspection;
mod story;

use std::path::PathBuf;

fn main() {
    let mut words = std::env::args().skip(1);
    let usage = "board PARTS KILLS";
    let parts = PathBuf::from(words.next().expect(usage));
    let kills: usize = words.next().and_then(|word| word.parse().ok()).expect(usage);
    story::play(&parts, kills);
}
