//! How far a batch has come, told to people while it runs.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::commands::records::Position;

/// On a terminal a line is written over; in a log one now and then is enough.
const ON_A_TERMINAL: Duration = Duration::from_millis(200);
const IN_A_LOG: Duration = Duration::from_secs(5);

/// Tells how far it has come, on stderr.
pub(super) struct Progress {
    is_terminal: bool,
    every: Option<Duration>,
    position: Position,
    began: Instant,
    told: Instant,
    /// Rows and share that an earlier run had made.
    before: u64,
    share_before: Option<f64>,
}

impl Progress {
    /// Tells on a terminal, and elsewhere where it is asked for; to machines only where it is asked for.
    pub(super) fn new(asked: bool, json: bool, position: Position, before: u64) -> Self {
        let is_terminal = std::io::stderr().is_terminal() && !json;
        let every = match (is_terminal, asked) {
            (true, _) => Some(ON_A_TERMINAL),
            (false, true) => Some(IN_A_LOG),
            (false, false) => None,
        };
        let now = Instant::now();
        Self { is_terminal, every, position, began: now, told: now, before, share_before: None }
    }

    /// After each row.
    pub(super) fn tick(&mut self, rows: u64) {
        let share = self.share_before.or_else(|| self.position.share());
        self.share_before = share;
        if self.every.is_some_and(|every| self.told.elapsed() >= every) {
            self.tell(rows);
        }
    }

    /// At the end.
    pub(super) fn end(&mut self, rows: u64) {
        if self.every.is_some() {
            self.tell(rows);
            if self.is_terminal {
                eprintln!();
            }
        }
    }

    fn tell(&mut self, rows: u64) {
        self.told = Instant::now();
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = (rows - self.before) as f64 / seconds.max(1e-9);
        let left = self.position.share().and_then(|share| {
            let made = share - self.share_before.unwrap_or(0.0);
            (made > 0.0).then(|| seconds * (1.0 - share) / made)
        });
        let left = left.map_or(String::new(), |left| format!(", {} left", clock(left)));
        let line = format!("{rows} rows, {rate:.0} rows/s{left}");
        if self.is_terminal {
            eprint!("\r\x1b[K{line}");
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
    }
}

fn clock(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
