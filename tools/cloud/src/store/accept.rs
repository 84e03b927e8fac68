//! Taking in one upload: once by its id, once by its windows, all of it or nothing.

use dunlin_wire::limits::MAX_NAMES;
use dunlin_wire::{AlarmSummary, Envelope, ModelVersion, Receipt, Severity, Summary};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::{Store, StoreError, clamped};

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Whether it was new.
    pub(crate) receipt: Receipt,
    /// Whether its windows ended later than the server's clock allows.
    pub(crate) from_the_future: bool,
}

/// When an upload came, by the server's clock in microseconds since 1970, and what it takes for the future.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) now_us: i64,
    pub(crate) future_us: i64,
}

impl Store {
    /// Stores an upload; when this returns it is on disk. `body` is the message as it came.
    pub(crate) fn accept(&self, envelope: &Envelope, body: &[u8], at: Arrival) -> Result<Accepted, StoreError> {
        let digest = digest(envelope);
        let from_the_future = envelope.data.ended_us > at.future_us;
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(known) = known_digest(&transaction, &envelope.id)? {
            let same = known == digest;
            let accepted = Accepted { receipt: Receipt::Duplicate, from_the_future };
            return if same { Ok(accepted) } else { Err(StoreError::IdTaken { id: envelope.id.clone() }) };
        }
        let seen = count_windows(&transaction, envelope)?;
        if seen > 0 {
            transaction.rollback()?;
            let noted = "INSERT INTO statistic VALUES ('windows_seen_twice', ?1) \
                         ON CONFLICT DO UPDATE SET value = value + excluded.value";
            connection.execute(noted, [clamped(seen)])?;
            return Err(StoreError::WindowSeen { windows: seen });
        }
        add_to_aggregate(&transaction, &envelope.data)?;
        note_install(&transaction, envelope, at.now_us)?;
        insert(&transaction, envelope, body, &digest, at.now_us, from_the_future)?;
        transaction.commit()?;
        Ok(Accepted { receipt: Receipt::Accepted, from_the_future })
    }
}

/// The same for the same message, however it was compressed.
fn digest(envelope: &Envelope) -> Vec<u8> {
    // A decoded message can be written again; were it not so, its id alone would have to do.
    Sha256::digest(serde_json::to_vec(envelope).unwrap_or_default()).to_vec()
}

fn known_digest(transaction: &Transaction<'_>, id: &str) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    transaction.query_row("SELECT digest FROM upload WHERE id = ?1", [id], |row| row.get(0)).optional()
}

/// Makes a row of every window; returns how many were there already.
fn count_windows(transaction: &Transaction<'_>, envelope: &Envelope) -> Result<u64, StoreError> {
    let install = install_of(envelope);
    let mut insert = transaction.prepare_cached("INSERT INTO window VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
    let mut seen = 0;
    for range in &envelope.data.windows {
        for number in range.first..=range.last {
            seen += u64::from(insert.execute(params![install, range.epoch, number])? == 0);
        }
    }
    Ok(seen)
}

/// Adds the counts to those of the model version.
fn add_to_aggregate(transaction: &Transaction<'_>, summary: &Summary) -> Result<(), StoreError> {
    let model = &summary.model;
    let query = "SELECT summary FROM aggregate WHERE model_id = ?1 AND model_version = ?2 AND model_sequence = ?3";
    let key = params![model.id, model.version, clamped(model.sequence)];
    let known: Option<String> = transaction.query_row(query, key, |row| row.get(0)).optional()?;
    let mut sum = match known {
        Some(text) => serde_json::from_str(&text).map_err(|source| StoreError::Damaged { source })?,
        None => Summary { format: summary.format.clone(), ..Summary::empty(model.clone()) },
    };
    sum.merge(&countable(summary)).map_err(|error| StoreError::DoesNotAdd { reason: error.to_string() })?;
    check_names(&sum)?;
    let text = serde_json::to_string(&sum).map_err(|source| StoreError::Damaged { source })?;
    let store = "INSERT INTO aggregate VALUES (?1, ?2, ?3, 1, ?4, ?5) ON CONFLICT DO UPDATE SET \
                 uploads = uploads + 1, windows = windows + excluded.windows, summary = excluded.summary";
    let windows = clamped(summary.window_count());
    transaction.execute(store, params![model.id, model.version, clamped(model.sequence), windows, text])?;
    Ok(())
}

/// What adds over installations: windows, alarms and totals are kept by installation.
fn countable(summary: &Summary) -> Summary {
    Summary { windows: Vec::new(), alarms: Vec::new(), counters: Default::default(), ..summary.clone() }
}

/// Senders that make up names must not make a version's counts grow for ever.
fn check_names(sum: &Summary) -> Result<(), StoreError> {
    let tables = [&sum.verdicts, &sum.reasons, &sum.answered_by, &sum.kernel_sets, &sum.model_states];
    let most = tables.iter().map(|table| table.len()).chain([sum.labels.by_class.len()]).max().unwrap_or(0);
    if most <= MAX_NAMES {
        return Ok(());
    }
    Err(StoreError::DoesNotAdd { reason: format!("it would have more than {MAX_NAMES} names in one table") })
}

fn note_install(transaction: &Transaction<'_>, envelope: &Envelope, now_us: i64) -> Result<(), StoreError> {
    let (install, summary) = (install_of(envelope), &envelope.data);
    let seen = "INSERT INTO install VALUES (?1, ?2, ?2, ?3) \
                ON CONFLICT DO UPDATE SET last_us = excluded.last_us, runtime_version = excluded.runtime_version";
    transaction.execute(seen, params![install, now_us, summary.runtime_version])?;
    let mut largest = transaction.prepare_cached(
        "INSERT INTO counter VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
    )?;
    for (name, total) in &summary.counters {
        largest.execute(params![install, name, clamped(*total)])?;
    }
    for alarm in &summary.alarms {
        note_alarm(transaction, install, &summary.model, alarm)?;
    }
    Ok(())
}

fn note_alarm(
    transaction: &Transaction<'_>,
    install: &str,
    model: &ModelVersion,
    alarm: &AlarmSummary,
) -> Result<(), StoreError> {
    let severity = match alarm.severity {
        Severity::Information => "information",
        Severity::Alarm => "alarm",
    };
    let mut latest = transaction.prepare_cached(
        "INSERT INTO alarm VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET \
         severity = excluded.severity, since_us = min(since_us, excluded.since_us), windows = max(windows, excluded.windows)",
    )?;
    latest.execute(params![
        install,
        model.id,
        model.version,
        clamped(model.sequence),
        alarm.kind,
        alarm.subject,
        severity,
        alarm.since_us,
        clamped(alarm.windows),
    ])?;
    Ok(())
}

fn insert(
    transaction: &Transaction<'_>,
    envelope: &Envelope,
    body: &[u8],
    digest: &[u8],
    now_us: i64,
    from_the_future: bool,
) -> Result<(), StoreError> {
    let summary = &envelope.data;
    transaction.execute(
        "INSERT INTO upload VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            envelope.id,
            digest,
            install_of(envelope),
            summary.model.id,
            summary.model.version,
            clamped(summary.model.sequence),
            now_us,
            summary.started_us,
            summary.ended_us,
            from_the_future,
            clamped(summary.window_count()),
            clamped(summary.rows),
            body,
        ],
    )?;
    Ok(())
}

/// A decoded envelope names an installation.
fn install_of(envelope: &Envelope) -> &str {
    envelope.install_id().unwrap_or_default()
}
