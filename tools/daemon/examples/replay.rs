//! Plays samples of a file in real time, over and over, as a sensor's driver prints them: `replay FILE RATE_HZ`.
//!
//! Stands for a sensor where there is none: `sensor.command = ["replay", "samples.txt", "1000"]`.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

/// Samples are printed as often as a driver's buffer is read, and not one by one.
const EVERY: Duration = Duration::from_millis(10);

fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "usage: replay FILE RATE_HZ");
    let file = words.next().ok_or_else(usage)?;
    let rate: f64 = words.next().and_then(|word| word.parse().ok()).filter(|rate| *rate > 0.0).ok_or_else(usage)?;
    let text = std::fs::read_to_string(file)?;
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return Err(usage());
    }
    let (begun, mut printed) = (Instant::now(), 0);
    let mut samples = lines.iter().cycle();
    let mut output = io::stdout().lock();
    loop {
        let due = (begun.elapsed().as_secs_f64() * rate) as u64;
        for sample in samples.by_ref().take(usize::try_from(due - printed).unwrap_or(0)) {
            writeln!(output, "{sample}")?;
        }
        output.flush()?;
        printed = due;
        thread::sleep(EVERY);
    }
}
