//! `dunlin watch`: a folder's journal as a live screen, in plain ANSI; where there is no terminal, one look at it.

mod screen;
mod snapshot;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use console::Term;
use serde_json::json;

use crate::error::CliError;
use crate::folder;
use crate::interrupt::Interrupt;
use crate::output::Output;
use screen::{Style, lines};
use snapshot::{Rates, Snapshot};

/// Columns of a text that goes to no terminal.
const PLAIN_WIDTH: usize = 100;

/// Watch a runtime's folder live: predictions, verdicts, latency, drift, alarms, outbox, losses.
///
/// Reads only; the app may be writing to the folder meanwhile. Ends with ctrl-c. Where standard output is no terminal,
/// prints one snapshot. NO_COLOR is respected.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The runtime's folder.
    dir: PathBuf,
    /// Time between two looks, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(100..=600_000))]
    interval: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let first = Snapshot::take(&folder::reader(&args.dir)?)?;
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb") && cfg!(unix);
    if output.json || is_dumb || !std::io::stdout().is_terminal() {
        let style = Style { width: PLAIN_WIDTH, colour: false };
        output.result(&json!(first), || lines(&first, &Rates::default(), style).join("\n"));
        return Ok(());
    }
    live(args, first)
}

/// Draws until somebody wants it to end.
fn live(args: &Args, first: Snapshot) -> Result<(), CliError> {
    let interrupt = Interrupt::watch()?;
    let screen = Screen::open();
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut rates = Rates::default();
    rates.add(&first);
    let mut shown = first;
    let mut trouble = None;
    loop {
        let (height, width) = Term::stdout().size();
        let style = Style { width: usize::from(width), colour };
        let mut text = lines(&shown, &rates, style);
        text.splice(0..0, trouble.take().map(|message: String| screen::cut(&message, style.width)));
        // A terminal that went away ends it in order.
        if screen.draw(&text, usize::from(height)).is_err() || !interrupt.sleep(Duration::from_millis(args.interval)) {
            return Ok(());
        }
        // A journal that is replaced meanwhile is not there for a moment: what was seen stays, and the trouble is said.
        match folder::reader(&args.dir).and_then(|reader| Snapshot::take(&reader)) {
            Ok(next) => {
                rates.add(&next);
                shown = next;
            }
            Err(error) => trouble = Some(error.to_string()),
        }
    }
}

/// The terminal's second screen, without a cursor; given back when dropped.
struct Screen;

impl Screen {
    fn open() -> Self {
        // Whether it works shows when it is drawn on.
        let _ = write!(std::io::stdout(), "\x1b[?1049h\x1b[?25l");
        Self
    }

    /// Writes over what was there, line by line, so that nothing flickers.
    fn draw(&self, lines: &[String], height: usize) -> std::io::Result<()> {
        let mut text = String::from("\x1b[H");
        for (at, line) in lines.iter().take(height.max(1)).enumerate() {
            text.push_str(if at == 0 { "" } else { "\r\n" });
            text.push_str(line);
            text.push_str("\x1b[K");
        }
        text.push_str("\x1b[J");
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = write!(std::io::stdout(), "\x1b[?25h\x1b[?1049l");
        let _ = std::io::stdout().flush();
    }
}
