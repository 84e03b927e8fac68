//! A board's folder with a runtime in it: filled, then at work.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use dunlin::counters::Counter;
use dunlin::journal::{Durability, JournalConfig, Reader, Retention};
use dunlin::store::ROWS_PER_CHECKPOINT;
use dunlin::{Config, Record, Runtime, Session, TrustedKeys};
use dunlin_bundle::Bundle;
use dunlin_predictor::golden_records;

use super::args::{Asked, Promise};
use super::measured::{Filled, Steady, Uploads};
use super::process::Written;
use crate::engine;
use crate::error::{CliError, Kind};

/// The journal is filled to this, twice what the writer keeps of it in memory.
const FILLED_BYTES: u64 = 4 << 20;
/// Rows between two looks at how full it is: a high-water mark of the ring.
const ROWS_PER_LOOK: usize = 256;
/// Longest time of filling, and longest of the commits after it: a slow model is measured on fewer rows.
const LONGEST: Duration = Duration::from_secs(30);
/// Checkpoints that the commits bring about in batched mode.
const CHECKPOINTS: u64 = 2;
/// Commits in `Sync` mode: SQLite checkpoints after a thousand pages, and a commit takes several.
const SYNC_COMMITS: u64 = 2_048;
/// A ring that nothing but its high-water mark wakes.
const NEVER: Duration = Duration::from_secs(3_600);
/// Between two looks at whether rows are committed.
const LOOK: Duration = Duration::from_micros(100);

/// A board's folder and orders.
pub(super) struct Board<'a> {
    pub(super) folder: &'a Path,
    pub(super) keys: TrustedKeys,
    pub(super) asked: Asked,
}

impl Board<'_> {
    pub(super) fn runtime(&self, durability: Durability, retention: Retention) -> Result<Runtime, CliError> {
        let config = Config::with_engine(self.folder, self.keys.clone(), engine::chosen()?);
        Ok(Runtime::open(config.journal(JournalConfig { durability, retention })))
    }

    pub(super) fn records<'b>(&self, model: &'b Bundle) -> Result<Vec<Record<'b>>, CliError> {
        Ok(golden_records(model.schema(), model.golden(), model.golden_tensors())?)
    }

    /// Installs the bundle as a board does, and fills the journal; also how many records a second that took.
    pub(super) fn fill(&self, bundle: &Path, uploads: &mut Uploads) -> Result<(Filled, f64), CliError> {
        let runtime = self.runtime(Durability::default(), self.asked.retention())?;
        let report = runtime.install_shipped(bundle)?;
        flush(&runtime)?;
        let empty_bytes = self.reader()?.totals().map_err(storage)?.used_bytes;
        let model = installed(self.folder, &self.keys)?;
        let records = self.records(&model)?;
        let mut session = runtime.session(&report.model_id)?;
        let (began, mut answered) = (Instant::now(), 0_u64);
        while answered < self.asked.max_rows && began.elapsed() < LONGEST && self.journal_bytes() < self.filled_bytes()
        {
            answer(&mut session, records.iter().cycle().take(ROWS_PER_LOOK));
            answered += ROWS_PER_LOOK as u64;
            flush(&runtime)?;
        }
        let a_second = answered as f64 / began.elapsed().as_secs_f64();
        uploads.deliver(&runtime)?;
        let filled = self.filled(empty_bytes)?;
        drop(session);
        runtime.close().map_err(|error| CliError::new(Kind::Failed, "storage", error))?;
        Ok((filled, a_second))
    }

    fn filled(&self, empty_bytes: u64) -> Result<Filled, CliError> {
        let reader = self.reader()?;
        let totals = reader.totals().map_err(storage)?;
        let windows = reader.windows(None, u32::MAX).map_err(storage)?;
        let text = |window| serde_json::to_string(window).map_or(0, |text| text.len() as u64);
        let windows_bytes = windows.iter().map(text).sum();
        let (used_bytes, rows) = (totals.used_bytes, totals.predictions);
        Ok(Filled { empty_bytes, used_bytes, rows, windows: windows.len() as u64, windows_bytes })
    }

    fn filled_bytes(&self) -> u64 {
        FILLED_BYTES.min(self.asked.max_bytes / 2)
    }

    /// When the writer wakes at the asked rate: rows that come while the first of them waits, and it.
    pub(super) fn rhythm(&self) -> Durability {
        match self.asked.durability {
            Promise::Sync => Durability::Sync,
            Promise::Batched => {
                let waiting = self.asked.rate_hz * Durability::default().max_delay().as_secs_f64();
                let max_rows = (waiting as usize + 1).min(Durability::default().high_water());
                Durability::Batched { max_delay: NEVER, max_rows }
            }
        }
    }

    /// Keeps the other connections' sessions open, each in a thread of its own that has answered, while something is done.
    pub(super) fn with_others<T>(
        &self,
        runtime: &Runtime,
        model_id: &str,
        records: &[Record<'_>],
        done: impl FnOnce() -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        thread::scope(|scope| {
            let (ready, answered) = channel();
            let others: Vec<Sender<()>> = (1..self.asked.connections)
                .map(|_| {
                    let (end, ended) = channel::<()>();
                    let ready = ready.clone();
                    scope.spawn(move || {
                        let mut session = runtime.session(model_id);
                        if let Ok(session) = &mut session {
                            answer(session, records.iter().take(1));
                        }
                        // Whoever waits for it has gone only where the measurement has failed.
                        let _ = ready.send(());
                        let _ = ended.recv();
                    });
                    end
                })
                .collect();
            for _ in &others {
                // One whose thread is gone needs no waiting for.
                let _ = answered.recv();
            }
            flush(runtime)?;
            let done = done();
            drop(others);
            done
        })
    }

    /// Commits at the asked rate's rhythm; the first ones are not counted, which fill caches and the WAL.
    pub(super) fn commit(
        &self,
        runtime: &Runtime,
        session: &mut Session,
        records: &[Record<'_>],
    ) -> Result<Steady, CliError> {
        let rows = self.rhythm().high_water();
        let commits = match self.asked.durability {
            Promise::Sync => SYNC_COMMITS,
            Promise::Batched => CHECKPOINTS * ROWS_PER_CHECKPOINT.div_ceil(rows as u64),
        };
        let mut records = records.iter().cycle();
        let mut committed = Committed::of(runtime);
        let mut once = |wal_bytes: &mut u64| {
            answer(session, records.by_ref().take(rows));
            committed.wait_for(runtime, rows as u64)?;
            *wal_bytes = self.wal_bytes().max(*wal_bytes);
            Ok::<_, CliError>(())
        };
        let (mut wal_bytes, mut done, began) = (0, 0, Instant::now());
        once(&mut wal_bytes)?;
        let before = Written::so_far();
        while done < commits && began.elapsed() < LONGEST {
            once(&mut wal_bytes)?;
            done += 1;
        }
        if done < commits {
            // Cut short, it has not had its share of checkpoints: one too many is better than none.
            flush(runtime)?;
        }
        let written = Written::so_far().zip(before).map(|(after, before)| after - before);
        Ok(Steady { rows: done * rows as u64, commits: done, written, wal_bytes })
    }

    fn reader(&self) -> Result<Reader, CliError> {
        Reader::open(self.folder).map_err(storage)
    }

    fn journal_bytes(&self) -> u64 {
        length(&self.folder.join("journal.db"))
    }

    fn wal_bytes(&self) -> u64 {
        length(&self.folder.join("journal.db-wal")) + length(&self.folder.join("journal.db-shm"))
    }
}

/// Rows of the journal, as its writer counts them.
struct Committed(u64);

impl Committed {
    fn of(runtime: &Runtime) -> Self {
        Self(runtime.health().counters.get(Counter::Predictions.name()).copied().unwrap_or(0))
    }

    /// Waits until so many more rows are committed.
    fn wait_for(&mut self, runtime: &Runtime, rows: u64) -> Result<(), CliError> {
        let (wanted, began) = (self.0 + rows, Instant::now());
        while Self::of(runtime).0 < wanted {
            if began.elapsed() > LONGEST {
                let why =
                    "rows cannot be written to the temporary folder; free some space, or name another with TMPDIR";
                return Err(CliError::new(Kind::Failed, "storage", why));
            }
            thread::sleep(LOOK);
        }
        self.0 = wanted;
        Ok(())
    }
}

/// The registry's own copy, mapped as sessions map it.
pub(super) fn installed(folder: &Path, keys: &TrustedKeys) -> Result<Bundle, CliError> {
    let models = folder.join("models");
    let mut files = fs::read_dir(&models).map_err(|error| CliError::file(&models, &error))?;
    let copy = files.next().and_then(Result::ok).map(|entry| entry.path());
    let copy = copy.ok_or_else(|| CliError::new(Kind::Failed, "budget", "the bundle was not installed").of(&models))?;
    Ok(Bundle::open_installed(&copy, keys)?)
}

/// What is refused or answered by nobody is a row as well.
fn answer<'a, 'b: 'a>(session: &mut Session, records: impl Iterator<Item = &'a Record<'b>>) {
    records.for_each(|record| drop(session.predict(record)));
}

fn flush(runtime: &Runtime) -> Result<(), CliError> {
    runtime.flush().map_err(storage)
}

fn storage(problem: dunlin::store::StorageProblem) -> CliError {
    CliError::from(&problem)
}

pub(super) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}
