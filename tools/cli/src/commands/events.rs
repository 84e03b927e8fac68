//! `dunlin events`: what is the matter now, and what has happened, from a folder's journal.

pub(super) mod lines;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use dunlin::journal::Reader;
use dunlin::monitor::Alarm;
use dunlin::store::StorageProblem;

use crate::error::CliError;
use crate::folder;
use crate::interrupt::Interrupt;
use crate::output::Output;

/// Between two looks at the journal with `--follow`.
const EVERY: Duration = Duration::from_millis(500);
/// Events between two looks that are not missed.
const FOLLOWED: u32 = 1000;

/// Show open alarms, then the newest events, of a runtime's folder.
///
/// Reads only; the app may be writing to the folder meanwhile.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The runtime's folder.
    dir: PathBuf,
    /// Show alarms that are over too.
    #[arg(long)]
    all: bool,
    /// Events to show, the newest.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Go on and show events as they happen, until ctrl-c.
    #[arg(long)]
    follow: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let reader = folder::reader(&args.dir)?;
    let storage = |problem: StorageProblem| CliError::from(&problem);
    let alarms = alarms(&reader, args.all).map_err(storage)?;
    // Before the older ones are shown, so that none falls between.
    let mut seen = reader.events(args.limit.max(FOLLOWED)).map_err(storage)?;
    let shown = seen.iter().take(args.limit as usize).rev();
    if output.json {
        alarms.iter().for_each(|alarm| output.line(&lines::alarm_json(alarm).to_string()));
        shown.for_each(|event| output.line(&lines::event_json(event).to_string()));
    } else {
        output.say(&lines::alarms(&alarms));
        output.say(&lines::events(shown));
    }
    if !args.follow {
        return Ok(());
    }
    let interrupt = Interrupt::watch()?;
    while interrupt.sleep(EVERY) {
        let now = reader.events(FOLLOWED).map_err(storage)?;
        for event in news(&now, &seen).iter().rev() {
            let line = if output.json { lines::event_json(event).to_string() } else { lines::event(event) };
            // A reader that went away ends it in order.
            if writeln!(std::io::stdout(), "{line}").is_err() {
                return Ok(());
            }
        }
        seen = now;
    }
    Ok(())
}

/// Alarms that somebody should act on before those that are good to know, open ones before those that are over.
fn alarms(reader: &Reader, all: bool) -> Result<Vec<Alarm>, StorageProblem> {
    let mut alarms = reader.alarms()?;
    alarms.retain(|alarm| all || alarm.cleared_us.is_none());
    alarms.sort_by_key(|alarm| (alarm.cleared_us.is_some(), std::cmp::Reverse(alarm.severity)));
    Ok(alarms)
}

/// What stands before the events seen already, newest first. Events have no number to the outside: the newest run that
/// both lists share is where they meet.
fn news<'a, T: PartialEq>(now: &'a [T], seen: &[T]) -> &'a [T] {
    if seen.is_empty() {
        return now;
    }
    let meets = |at: &usize| now[*at..].iter().zip(seen).all(|(a, b)| a == b);
    // At the end nothing is left to differ: everything is new.
    let at = (0..=now.len()).find(meets).unwrap_or(now.len());
    &now[..at]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_what_stands_before_what_was_seen() {
        let count = |now: &[i64], seen: &[i64]| news(now, seen).len();
        assert_eq!(count(&[3, 2, 1], &[3, 2, 1]), 0);
        assert_eq!(count(&[5, 4, 3, 2, 1], &[3, 2, 1]), 2);
        assert_eq!(count(&[5, 4, 3], &[3, 2, 1]), 2);
        assert_eq!(count(&[2, 2, 1], &[2, 1]), 1);
        assert_eq!(count(&[9, 8], &[3, 2]), 2);
        assert_eq!((count(&[1], &[]), count(&[], &[]), count(&[], &[1])), (1, 0, 0));
    }
}
