//! A rollout with one bad release, played over many devices: real runtimes, a real server, a virtual clock.

#![allow(clippy::unwrap_used, reason = "a drill that cannot go on ends")]
#![allow(clippy::print_stdout, reason = "the timeline is for people")]

mod chart;
mod device;
mod publisher;
mod story;

/// Devices unless another number is given.
const DEVICES: usize = 200;
/// Share that the bad release goes to at first.
const FIRST_PERCENT: u32 = 10;

fn main() {
    let devices = std::env::args().nth(1).map_or(DEVICES, |word| word.parse().expect("a number of devices"));
    println!(
        "{devices} devices, each opened every six hours for an hour and 60 labelled records; a digit is a sequence that answers\n"
    );
    let story = story::play(devices, FIRST_PERCENT, |hour| println!("{}", chart::line(hour, devices)));
    println!("\n{}", chart::outcome(&story));
}
