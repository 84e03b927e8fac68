//! Ctrl-C and SIGTERM as an end in order: what is going on finishes, and the folder is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::error::{CliError, Kind};

/// Exit code of a process that is interrupted twice, and does not wait any more.
const IMPATIENT: i32 = 130;

/// Tells whether somebody wants the command to end.
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
    signal: Receiver<()>,
}

impl Interrupt {
    /// Takes the signals over; once in a process.
    pub(crate) fn watch() -> Result<Self, CliError> {
        let asked = Arc::new(AtomicBool::new(false));
        let (sender, signal) = channel();
        let seen = Arc::clone(&asked);
        let handler = move || {
            if seen.swap(true, Ordering::SeqCst) {
                std::process::exit(IMPATIENT);
            }
            // Nobody may be listening any more: the command is ending already.
            let _ = sender.send(());
        };
        ctrlc::set_handler(handler).map_err(|e| CliError::new(Kind::Failed, "signals", e))?;
        Ok(Self { asked, signal })
    }

    /// Whether somebody has asked.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Sleeps, or less when somebody asks; tells whether to go on.
    pub(crate) fn sleep(&self, duration: Duration) -> bool {
        if self.is_asked() {
            return false;
        }
        matches!(self.signal.recv_timeout(duration), Err(RecvTimeoutError::Timeout))
    }
}
