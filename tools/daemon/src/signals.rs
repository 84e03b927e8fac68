//! What the system asks of the daemon.

use std::sync::mpsc::{Receiver, channel};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::DaemonError;

/// Something that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To end: SIGTERM, SIGINT, or the end of standard input.
    End,
    /// To read the configuration again: SIGHUP.
    Reload,
}

/// Takes the signals over; what else is asked for goes to the sender.
pub(crate) fn listen() -> Result<(std::sync::mpsc::Sender<Asked>, Receiver<Asked>), DaemonError> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(DaemonError::Signals)?;
    let (sender, receiver) = channel();
    let told = sender.clone();
    thread::spawn(move || {
        for signal in signals.forever() {
            let asked = if signal == SIGHUP { Asked::Reload } else { Asked::End };
            if told.send(asked).is_err() {
                break;
            }
        }
    });
    Ok((sender, receiver))
}
