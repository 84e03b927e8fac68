//! The budget: what was measured, and what follows from it by the policies that a board keeps to.

use dunlin::monitor::{MIN_WINDOW_ROWS, MonitorConfig};
use dunlin::outbox::{MAX_WAITING, MAX_WAITING_BYTES, METERED_BYTES_A_DAY, SYNC_EVERY};
use dunlin::store::{FREE_PAGE_SHARE, PAGE_CACHE_BYTES, SET_ASIDE_KEPT, Slot, WINDOWS_KEPT};
use serde::Serialize;

use super::args::Asked;
use super::measured::Measured;
use super::program::Program;

const DAY_SECONDS: f64 = 24.0 * 3_600.0;

/// Everything, as `--json` prints it. Of what is not known there is none.
#[derive(Debug, Serialize)]
pub(super) struct Budget {
    pub(super) model: String,
    pub(super) asked: Asked,
    /// Of the machine that measured.
    pub(super) architecture: &'static str,
    pub(super) kernels: String,
    pub(super) records_a_second_here: f64,
    pub(super) memory: Memory,
    pub(super) flash: Flash,
    pub(super) writes: Writes,
    pub(super) uploads: Uploads,
    pub(super) limits: Vec<Limit>,
}

/// Physical memory.
#[derive(Debug, Serialize)]
pub(super) struct Memory {
    pub(super) peak_bytes: Option<u64>,
    pub(super) peak_while_updating_bytes: Option<u64>,
    pub(super) arena_bytes: Option<u64>,
    pub(super) packed_bytes: Option<u64>,
    pub(super) mapped_bytes: u64,
}

/// What lies on the data partition, and the daemon.
#[derive(Debug, Serialize)]
pub(super) struct Flash {
    pub(super) daemon: Option<Program>,
    pub(super) bundle_bytes: u64,
    /// Those that the registry keeps, and one that arrives.
    pub(super) copies: u64,
    pub(super) row_bytes: f64,
    pub(super) rows_kept: u64,
    pub(super) days_kept: f64,
    pub(super) journal_bytes: u64,
    pub(super) wal_bytes: u64,
    pub(super) state_bytes: u64,
    pub(super) total_bytes: u64,
    /// Journals kept after damage, on top.
    pub(super) set_aside_bytes: u64,
}

/// Bytes written.
#[derive(Debug, Serialize)]
pub(super) struct Writes {
    pub(super) rows_a_commit: f64,
    pub(super) row_bytes_a_day: u64,
    pub(super) submitted_bytes_a_day: Option<u64>,
    pub(super) bytes_a_day: Option<u64>,
    /// Bytes written for a byte of rows.
    pub(super) amplification: Option<f64>,
}

/// What leaves.
#[derive(Debug, Serialize)]
pub(super) struct Uploads {
    pub(super) windows_a_day: f64,
    pub(super) summary_bytes: Option<u64>,
    pub(super) a_day: Option<f64>,
    pub(super) bytes_a_day: Option<u64>,
    pub(super) metered_bytes_a_day: u64,
    pub(super) exceeds_metered: Option<bool>,
}

/// What is allowed, and what is needed.
#[derive(Debug, Serialize)]
pub(super) struct Limit {
    pub(super) of: &'static str,
    pub(super) limit_bytes: u64,
    pub(super) needed_bytes: u64,
    pub(super) exceeded: bool,
}

impl Limit {
    /// Of `ram` or `flash`, before it is known what is needed.
    pub(super) fn new(of: &'static str, limit_bytes: u64) -> Self {
        Self { of, limit_bytes, needed_bytes: 0, exceeded: false }
    }

    fn judged(self, memory: &Memory, flash: &Flash) -> Self {
        let ram = memory.peak_while_updating_bytes.unwrap_or(0);
        let needed_bytes = if self.of == "ram" { ram } else { flash.total_bytes };
        Self { needed_bytes, exceeded: needed_bytes > self.limit_bytes, ..self }
    }
}

impl Budget {
    /// Puts together what was measured and what follows from it.
    pub(super) fn new(asked: Asked, measured: Measured, daemon: Option<Program>, limits: Vec<Limit>) -> Self {
        let flash = Flash::new(&asked, &measured, daemon);
        let memory = Memory::new(&asked, &measured, flash.journal_bytes);
        let uploads = Uploads::new(&asked, &measured);
        let writes = Writes::new(&asked, &measured, flash.row_bytes, &uploads);
        let limits = limits.into_iter().map(|limit| limit.judged(&memory, &flash)).collect();
        Self {
            model: format!("{} {}", measured.model_id, measured.version),
            asked,
            architecture: std::env::consts::ARCH,
            kernels: measured.kernels,
            records_a_second_here: measured.records_a_second.round(),
            memory,
            flash,
            writes,
            uploads,
            limits,
        }
    }
}

impl Memory {
    fn new(asked: &Asked, measured: &Measured, journal_bytes: u64) -> Self {
        let Measured { arena_bytes, packed_bytes, bundle_bytes, .. } = *measured;
        // A journal that took too long to fill has not filled the cache either.
        let cached = |bytes: u64| bytes.min(u64::from(PAGE_CACHE_BYTES));
        let lacking = cached(journal_bytes).saturating_sub(cached(measured.filled.used_bytes));
        let peak_bytes = measured.peak_rss_bytes.map(|peak| peak + lacking);
        // Another version on trial: its own arena in each session, its weights packed, its bundle mapped.
        let arenas = arena_bytes.unwrap_or(0) * u64::from(asked.connections);
        let other = arenas + packed_bytes.unwrap_or(0) + bundle_bytes;
        let peak_while_updating_bytes = peak_bytes.map(|peak| peak + other);
        Self { peak_bytes, peak_while_updating_bytes, arena_bytes, packed_bytes, mapped_bytes: bundle_bytes }
    }
}

impl Flash {
    fn new(asked: &Asked, measured: &Measured, daemon: Option<Program>) -> Self {
        let filled = &measured.filled;
        let rows_bytes = filled.used_bytes.saturating_sub(filled.empty_bytes).saturating_sub(filled.windows_bytes);
        let row_bytes = rows_bytes as f64 / filled.rows.max(1) as f64;
        let retention = asked.retention();
        let within_age = asked.rate_hz * retention.max_age.as_secs_f64();
        let within_rows = (retention.max_rows as f64).min(within_age);
        let journal = filled.empty_bytes as f64 + summaries_bytes(measured) + within_rows * row_bytes;
        let rows_kept = if journal <= retention.max_bytes as f64 {
            within_rows
        } else {
            within_rows - (journal - retention.max_bytes as f64) / row_bytes.max(1.0)
        };
        let used_bytes = journal.min(retention.max_bytes as f64) as u64;
        // The file is cut when more than this share of it is unused.
        let journal_bytes = used_bytes + used_bytes / (FREE_PAGE_SHARE - 1);
        let copies = Slot::ALL.len() as u64 + 1;
        let daemon_bytes = daemon.as_ref().map_or(0, |daemon| daemon.bytes);
        let state = copies * measured.bundle_bytes + journal_bytes + measured.steady.wal_bytes + measured.state_bytes;
        Self {
            daemon,
            bundle_bytes: measured.bundle_bytes,
            copies,
            row_bytes,
            rows_kept: rows_kept.max(0.0) as u64,
            days_kept: rows_kept.max(0.0) / (asked.rate_hz * DAY_SECONDS),
            journal_bytes,
            wal_bytes: measured.steady.wal_bytes,
            state_bytes: measured.state_bytes,
            total_bytes: daemon_bytes + state,
            set_aside_bytes: SET_ASIDE_KEPT as u64 * journal_bytes,
        }
    }
}

/// Windows that are remembered, and summaries that wait, as text and as they are sent.
fn summaries_bytes(measured: &Measured) -> f64 {
    let window = measured.filled.windows_bytes as f64 / measured.filled.windows.max(1) as f64;
    window * (f64::from(WINDOWS_KEPT) + MAX_WAITING as f64) + MAX_WAITING_BYTES as f64
}

impl Writes {
    fn new(asked: &Asked, measured: &Measured, row_bytes: f64, uploads: &Uploads) -> Self {
        let rows_a_day = asked.rate_hz * DAY_SECONDS;
        let steady = &measured.steady;
        let a_day = |steady_bytes: u64, upload_bytes: u64| {
            let rows = steady_bytes as f64 / steady.rows.max(1) as f64 * rows_a_day;
            let sent = upload_bytes as f64 / measured.uploads.count.max(1) as f64 * uploads.a_day.unwrap_or(0.0);
            (rows + sent) as u64
        };
        let row_bytes_a_day = (row_bytes * rows_a_day) as u64;
        let sent = measured.uploads.written;
        let bytes_a_day = steady.written.map(|rows| a_day(rows.to_disk(), sent.to_disk()));
        Self {
            rows_a_commit: steady.rows as f64 / steady.commits.max(1) as f64,
            row_bytes_a_day,
            submitted_bytes_a_day: steady.written.map(|rows| a_day(rows.submitted_bytes, sent.submitted_bytes)),
            bytes_a_day,
            amplification: bytes_a_day.map(|bytes| bytes as f64 / row_bytes_a_day.max(1) as f64),
        }
    }
}

impl Uploads {
    fn new(asked: &Asked, measured: &Measured) -> Self {
        let windows_a_day = windows_a_day(asked.rate_hz * DAY_SECONDS);
        let Measured { uploads, .. } = measured;
        let summary_bytes = (uploads.count > 0).then(|| uploads.bytes / uploads.count);
        let a_day = summary_bytes.map(|bytes| uploads_a_day(windows_a_day, bytes));
        let bytes_a_day = a_day.zip(summary_bytes).map(|(count, bytes)| (count * bytes as f64) as u64);
        Self {
            windows_a_day,
            summary_bytes,
            a_day,
            bytes_a_day,
            metered_bytes_a_day: METERED_BYTES_A_DAY,
            exceeds_metered: bytes_a_day.map(|bytes| bytes > METERED_BYTES_A_DAY),
        }
    }
}

/// A window closes when it is full; else when its time has come and it has enough to be judged.
fn windows_a_day(rows_a_day: f64) -> f64 {
    let MonitorConfig { window_rows, window_time } = MonitorConfig::default();
    let by_time = (DAY_SECONDS / window_time.as_secs_f64()).min(rows_a_day / MIN_WINDOW_ROWS as f64);
    (rows_a_day / window_rows as f64).max(by_time)
}

/// What waits is sent at every sync; where more waits than the outbox holds, it was added together before.
fn uploads_a_day(windows_a_day: f64, summary_bytes: u64) -> f64 {
    let syncs_a_day = DAY_SECONDS / SYNC_EVERY.as_secs_f64();
    let at_most = (MAX_WAITING as f64).min(MAX_WAITING_BYTES as f64 / summary_bytes.max(1) as f64).max(1.0);
    windows_a_day.min(syncs_a_day * at_most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_close_when_full_else_once_a_day_else_when_there_is_enough_to_judge() {
        assert_eq!(windows_a_day(50_000.0), 100.0);
        assert_eq!(windows_a_day(200.0), 1.0);
        assert_eq!(windows_a_day(10.0), 0.2);
    }

    #[test]
    fn more_windows_than_the_outbox_holds_between_two_syncs_are_added_together() {
        assert_eq!(uploads_a_day(100.0, 1_000), 100.0);
        assert_eq!(uploads_a_day(100_000.0, 1_000), 96.0 * 64.0);
        assert_eq!(uploads_a_day(100_000.0, 32 << 10), 96.0 * 4.0);
    }
}
