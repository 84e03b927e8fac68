//! Talking home without a socket: the core says what is to be sent, the host sends it, the core judges the answer.
//!
//! ```text
//! closed window --queue--> waiting --next--> Upload --the host's Transport--> answer --report--> delivered, kept, dropped
//! ```
//!
//! A summary's id and bytes are fixed, and forced to the disk, before they first leave; from then on it is sent until
//! somebody acknowledges it or refuses it for good. Only summaries that were never attempted are added together when
//! too much waits. So every window is counted once, whatever crashes or answers nonsense.

mod message;
mod policy;
mod verdict;

use std::time::Duration;

use dunlin_wire::limits::{MAX_RANGES, MAX_WINDOWS};
use dunlin_wire::{Envelope, Receipt, Summary, encode};

pub use message::{Fetch, Link, Next, Reported, Response, SyncReport, Transport, TransportError, Upload};
use policy::DAY;
pub use policy::{MAX_WAITING, MAX_WAITING_BYTES, METERED_BYTES_A_DAY, SYNC_EVERY};
use verdict::{Verdict, backoff, judge, unwanted_wait};

use crate::counters::Counter;
use crate::ids::{InstallId, random_unit, upload_id};
use crate::store::tables::{Queued, SendState, Sent, TableResult, Tables};

/// Puts a summary in the outbox; where too much waits, those never attempted are added together.
pub(crate) fn queue(tables: &mut Tables<'_>, summary: &Summary, now_us: i64) -> TableResult<()> {
    let bytes = sent_bytes(summary);
    tables.push(&upload_id(now_us), summary, bytes, now_us)?;
    let mut waiting = tables.queue()?;
    while is_too_much(&waiting) && (merge_one(tables, &mut waiting)? || drop_one(tables, &mut waiting)?) {}
    Ok(())
}

/// What is to be sent now. The id and bytes of what is returned are fixed by the transaction.
pub(crate) fn next(tables: &mut Tables<'_>, install: &InstallId, link: Link, now_us: i64) -> TableResult<Next> {
    let Some(mut entry) = first_sound(tables)? else { return Ok(Next::Done) };
    let mut state = tables.send_state()?;
    if let Some(wait) = still_waiting(tables, &mut state, now_us)? {
        return Ok(Next::Wait(wait));
    }
    let body = match entry.body.take() {
        Some(body) => body,
        None => match body_of(&entry, install) {
            Some(body) => body,
            None => return lose(tables, &entry).and_then(|()| next(tables, install, link, now_us)),
        },
    };
    if link == Link::Metered
        && let Some(wait) = charge(&mut state, body.len() as u64, now_us)
    {
        return Ok(Next::Wait(wait));
    }
    tables.save_send_state(&state)?;
    (entry.bytes, entry.attempts) = (body.len() as u64, entry.attempts + 1);
    entry.body = Some(body.clone());
    tables.update_queued(&entry)?;
    tables.count(Counter::UploadAttempts, 1);
    Ok(Next::Upload(Upload {
        id: entry.id,
        path: "/v1/summaries",
        content_type: "application/cloudevents+json",
        content_encoding: "gzip",
        body,
    }))
}

/// Takes in what came of an attempt.
pub(crate) fn report(
    tables: &mut Tables<'_>,
    id: &str,
    answer: &Result<Response, TransportError>,
    now_us: i64,
) -> TableResult<Reported> {
    let Some(entry) = tables.queue()?.into_iter().find(|entry| entry.id == id) else { return Ok(Reported::Unknown) };
    let mut state = tables.send_state()?;
    let reported = settle(tables, &entry, &mut state, judge(id, answer), now_us)?;
    tables.save_send_state(&state)?;
    tables.log_upload(&Sent {
        id,
        wall_us: now_us,
        windows: entry.windows,
        bytes: entry.bytes,
        status: answer.as_ref().ok().map(|response| response.status),
        result: reported.name(),
    })?;
    Ok(reported)
}

/// Forgets every wait and pause: the host knows that something has changed (a new token, another network).
pub(crate) fn resume(tables: &mut Tables<'_>) -> TableResult<()> {
    let state = tables.send_state()?;
    tables.save_send_state(&SendState { failures: 0, waiting_us: 0, paused: None, ..state })
}

fn settle(
    tables: &mut Tables<'_>,
    entry: &Queued,
    state: &mut SendState,
    verdict: Verdict,
    now_us: i64,
) -> TableResult<Reported> {
    let wait = |state: &mut SendState, wait: Duration| {
        (state.waiting_from_us, state.waiting_us) = (now_us, micros(wait));
        wait
    };
    match verdict {
        Verdict::Delivered(receipt) => {
            (state.failures, state.waiting_us, state.paused) = (0, 0, None);
            tables.remove_queued(entry.seq)?;
            tables.count(Counter::UploadsAccepted, 1);
            tables.count(Counter::WindowsDelivered, entry.windows);
            Ok(if receipt == Receipt::Duplicate { Reported::Duplicate } else { Reported::Accepted })
        }
        Verdict::Keep { retry_after, why } => {
            log::info!("outbox: not delivered: {why}");
            tables.count(Counter::UploadsFailed, 1);
            state.failures = state.failures.saturating_add(1);
            let pause = backoff(state.failures, retry_after, random_unit());
            Ok(Reported::Kept(wait(state, pause)))
        }
        Verdict::Pause { why } => {
            log::warn!("outbox: paused: {why}");
            tables.count(Counter::UploadsFailed, 1);
            state.paused = Some(why);
            Ok(Reported::Paused(wait(state, unwanted_wait())))
        }
        Verdict::TooLarge if !entry.shed && entry.summary.is_some() => shed(tables, entry, now_us),
        Verdict::TooLarge | Verdict::Refused => lose(tables, entry).map(|()| Reported::Dropped),
    }
}

/// Histograms go, counts stay. The receiver refused the old bytes for good, so new ones under a new id cannot double.
fn shed(tables: &mut Tables<'_>, entry: &Queued, now_us: i64) -> TableResult<Reported> {
    let mut entry = Queued { id: upload_id(now_us), body: None, attempts: 0, shed: true, ..entry.clone() };
    if let Some(summary) = &mut entry.summary {
        summary.features.clear();
        entry.bytes = sent_bytes(summary);
    }
    tables.update_queued(&entry)?;
    tables.count(Counter::UploadsShed, 1);
    Ok(Reported::Shed)
}

/// Takes an entry out undelivered, and counts it.
fn lose(tables: &mut Tables<'_>, entry: &Queued) -> TableResult<()> {
    log::warn!("outbox: a summary of {} windows is lost", entry.windows);
    tables.count(Counter::UploadsDropped, 1);
    tables.count(Counter::WindowsLost, entry.windows);
    tables.remove_queued(entry.seq)
}

/// The oldest entry that can still be sent; damaged ones are lost, and counted.
fn first_sound(tables: &mut Tables<'_>) -> TableResult<Option<Queued>> {
    for entry in tables.queue()? {
        if entry.body.is_some() || entry.summary.is_some() {
            return Ok(Some(entry));
        }
        lose(tables, &entry)?;
    }
    Ok(None)
}

/// What is left of the present wait. A clock that was set back cannot make it longer than it was.
fn still_waiting(tables: &mut Tables<'_>, state: &mut SendState, now_us: i64) -> TableResult<Option<Duration>> {
    if now_us < state.waiting_from_us {
        state.waiting_from_us = now_us;
        tables.save_send_state(state)?;
    }
    let left = state.waiting_us.saturating_sub(now_us.saturating_sub(state.waiting_from_us));
    if left > 0 {
        return Ok(Some(Duration::from_micros(left.unsigned_abs())));
    }
    (state.waiting_us, state.paused) = (0, None);
    Ok(None)
}

/// Takes bytes from the day's allowance, or tells when there will be one again.
fn charge(state: &mut SendState, bytes: u64, now_us: i64) -> Option<Duration> {
    let since_us = now_us.saturating_sub(state.metered_from_us);
    if !(0..micros(DAY)).contains(&since_us) {
        (state.metered_from_us, state.metered_bytes) = (now_us, 0);
    }
    let total = state.metered_bytes.saturating_add(bytes);
    // One summary a day goes out whatever its size: else a large one would never.
    if total > METERED_BYTES_A_DAY && state.metered_bytes > 0 {
        let left = micros(DAY).saturating_sub(now_us.saturating_sub(state.metered_from_us));
        return Some(Duration::from_micros(left.unsigned_abs()));
    }
    state.metered_bytes = total;
    None
}

fn is_too_much(waiting: &[Queued]) -> bool {
    waiting.len() > MAX_WAITING || waiting.iter().map(|entry| entry.bytes).sum::<u64>() > MAX_WAITING_BYTES
}

/// Adds the oldest two summaries that add and were never attempted; false when there are none.
fn merge_one(tables: &mut Tables<'_>, waiting: &mut Vec<Queued>) -> TableResult<bool> {
    for first in 0..waiting.len() {
        for second in first + 1..waiting.len() {
            let Some(merged) = merged(&waiting[first], &waiting[second]) else { continue };
            tables.update_queued(&merged)?;
            tables.remove_queued(waiting[second].seq)?;
            tables.count(Counter::UploadsMerged, 1);
            waiting[first] = merged;
            waiting.remove(second);
            return Ok(true);
        }
    }
    Ok(false)
}

fn merged(first: &Queued, second: &Queued) -> Option<Queued> {
    if first.attempts > 0 || second.attempts > 0 || first.body.is_some() || second.body.is_some() {
        return None;
    }
    let mut summary = first.summary.clone()?;
    summary.merge(second.summary.as_ref()?).ok()?;
    if summary.windows.len() > MAX_RANGES || summary.window_count() > MAX_WINDOWS {
        return None;
    }
    let (windows, bytes) = (summary.window_count(), sent_bytes(&summary));
    Some(Queued { summary: Some(summary), windows, bytes, ..first.clone() })
}

/// Drops the oldest summary that was never attempted: what was attempted may be delivered already.
fn drop_one(tables: &mut Tables<'_>, waiting: &mut Vec<Queued>) -> TableResult<bool> {
    let Some(at) = waiting.iter().position(|entry| entry.attempts == 0) else { return Ok(false) };
    lose(tables, &waiting.remove(at))?;
    Ok(true)
}

fn body_of(entry: &Queued, install: &InstallId) -> Option<Vec<u8>> {
    encode(&Envelope::new(&*entry.id, &install.to_string(), entry.summary.clone()?)).ok()
}

/// Bytes that a summary takes on the way.
fn sent_bytes(summary: &Summary) -> u64 {
    encode(&Envelope::new("", "", summary.clone())).map_or(0, |body| body.len() as u64)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
