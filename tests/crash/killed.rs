//! A process is killed at a random moment while it predicts, many times over, in one folder.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dunlin::clock::Clock;
use dunlin::counters::{Counter, Counters};
use dunlin::ids::PredictionId;
use dunlin::journal::{Appended, Context, Durability, Journal, JournalConfig, Reader, Row, highest_epoch};
use dunlin::store::{Folder, State};

use crate::child;

/// Kills per durability mode, within the time allowed.
const KILLS: u32 = 60;
const TIME: Duration = Duration::from_secs(9);

#[test]
fn every_acknowledged_row_is_there_after_a_kill_in_sync_mode() {
    kill_again_and_again("killed::every_acknowledged_row_is_there_after_a_kill_in_sync_mode", "sync");
}

#[test]
fn the_loss_of_a_kill_in_batched_mode_is_within_what_is_reported() {
    kill_again_and_again("killed::the_loss_of_a_kill_in_batched_mode_is_within_what_is_reported", "batched");
}

/// A folder opened for predicting, as the runtime opens it.
pub(crate) struct Opened {
    pub(crate) state: State,
    pub(crate) journal: Journal,
    pub(crate) counters: Arc<Counters>,
    clock: Clock,
}

impl Opened {
    pub(crate) fn at(path: &Path, durability: Durability) -> Self {
        let (clock, counters) = (Clock::system(), Arc::new(Counters::default()));
        let folder = Arc::new(Folder::new(path));
        let state = State::open(folder.clone(), clock.clone(), highest_epoch(path));
        counters.raise_to(&state.counters().unwrap_or_default());
        let config = JournalConfig { durability, ..JournalConfig::default() };
        let journal = Journal::open(folder, clock.clone(), state.epoch(), config, counters.clone());
        Self { state, journal, counters, clock }
    }

    pub(crate) fn append(&self) -> (PredictionId, Appended) {
        let context = Context {
            model_id: "digits".into(),
            version: "1.0.0".into(),
            sequence: 1,
            slot: "active".into(),
            kernel_set: "scalar".into(),
        };
        self.journal.append(Row {
            context: Arc::new(context),
            answered_by: "model".into(),
            verdict: "accept".into(),
            reasons: vec![],
            culprit: None,
            confidence: Some(0.9),
            distance: Some(1.0),
            latency_us: 50,
            at: self.clock.now(),
            subject: None,
            features: None,
            output: None,
            observation: None,
            compared: None,
        })
    }
}

fn kill_again_and_again(test: &str, mode: &str) {
    if let Some(folder) = child::role() {
        predict_until_killed(Path::new(&folder), mode);
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (mut seen, mut reported) = (HashSet::new(), (0, 0));
    let start = Instant::now();
    let (mut kills, mut gone) = (0, 0);
    while kills < KILLS && start.elapsed() < TIME {
        kills += 1;
        let said = run_and_kill(test, dir.path(), u64::from(kills));
        for (id, _) in &said {
            assert!(seen.insert(*id), "{id} was given out twice");
        }
        let lost = lost(dir.path(), &said, mode);
        gone += lost.possible;

        let after = Opened::at(dir.path(), Durability::Sync);
        let totals = (after.counters.get(Counter::CrashLostAtLeast), after.counters.get(Counter::CrashLostAtMost));
        let (at_least, at_most) = (totals.0 - reported.0, totals.1 - reported.1);
        reported = totals;
        assert!(at_least <= lost.certain && lost.possible <= at_most, "{lost:?} is not within {at_least}..={at_most}");
        assert_eq!(after.state.problem(), None);
        Reader::open(dir.path()).and_then(|r| r.check()).expect("the journal is whole and its totals are right");
        after.journal.close().expect("it closes");
    }
    assert!(kills >= 5, "only {kills} kills in {TIME:?}: too slow to say anything");
    eprintln!("{mode}: {kills} kills, {} predictions heard of, {gone} lost, reported {reported:?}", seen.len());
    assert!(mode == "sync" || gone > 0, "the kills took nothing, so nothing was tried");
    assert!(seen.len() > 100, "only {} predictions were seen", seen.len());
}

/// Predicts for ever, and says each id and whether its row is on the disk.
fn predict_until_killed(folder: &Path, mode: &str) {
    let batched = Durability::Batched { max_delay: Duration::from_millis(3), max_rows: 32 };
    let opened = Opened::at(folder, if mode == "sync" { Durability::Sync } else { batched });
    let mut out = std::io::stdout().lock();
    loop {
        // A few thousand a second: as many as the parent can check between two kills.
        std::thread::sleep(Duration::from_micros(100));
        let (id, appended) = opened.append();
        let word = match appended {
            Appended::Written => "written",
            Appended::Queued => "queued",
            _ => "lost",
        };
        if writeln!(out, "\nid {id} {word}").is_err() {
            return;
        }
    }
}

/// Lets a child predict for a random time, kills it, and returns the ids that it had said.
fn run_and_kill(test: &str, folder: &Path, seed: u64) -> Vec<(PredictionId, String)> {
    let mut child = child::command(test, folder.to_str().expect("UTF-8"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the child starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let reading = std::thread::spawn(move || {
        let lines = lines.map_while(Result::ok);
        lines.filter_map(|line| said(&line)).collect::<Vec<_>>()
    });
    // Spread over 1 to 90 ms by the golden ratio, so that kills fall on start, writing and checkpoints alike.
    let share = (seed as f64 * 0.618_033_988_749).fract();
    std::thread::sleep(Duration::from_secs_f64(0.001 + 0.089 * share));
    child.kill().expect("SIGKILL is delivered");
    child.wait().expect("it ends");
    reading.join().expect("the reader ends with the pipe")
}

/// Reads a whole line of the child; the last one may be cut short, and is then left out.
fn said(line: &str) -> Option<(PredictionId, String)> {
    let mut words = line.strip_prefix("id ")?.split(' ');
    let (id, word) = (words.next()?.parse().ok()?, words.next()?);
    ["written", "queued", "lost"].contains(&word).then(|| (id, word.to_owned()))
}

/// What a kill took. The child may have predicted once more than it could say.
#[derive(Debug)]
struct Lost {
    /// Rows accepted and gone, if the last one unheard was accepted too.
    certain: u64,
    /// Rows heard of and gone.
    possible: u64,
}

fn lost(folder: &Path, said: &[(PredictionId, String)], mode: &str) -> Lost {
    let Ok(reader) = Reader::open(folder) else {
        assert!(said.is_empty(), "the journal is gone, and had rows");
        return Lost { certain: 0, possible: 0 };
    };
    let mut gone = 0;
    for (id, word) in said {
        let there = reader.prediction(*id).expect("the journal is readable").is_some();
        assert!(there || word != "written", "{id} was acknowledged in {mode} mode and is gone");
        gone += u64::from(!there && word != "lost");
    }
    Lost { certain: gone + 1, possible: gone }
}
