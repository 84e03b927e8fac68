//! What `dunlin ctl` asks, and the answers: a line of JSON each, on a socket of its own.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use dunlin::journal::Reader;
use dunlin::monitor::Alarm;
use dunlin::store::StorageProblem;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::chores::Order;
use crate::lines;
use crate::served::{Served, refused};
use crate::socket::Serve;

/// Connections at a time: nobody keeps one.
pub(crate) const CONNECTIONS: usize = 4;
/// A question is short.
const MAX_LINE_BYTES: usize = 4096;
/// Longest wait for a sync: a receiver that is slow with each of a few answers.
const PATIENCE: Duration = Duration::from_secs(300);

/// A question.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "ask", rename_all = "snake_case")]
enum Question {
    Status,
    Sync,
    Rollback,
    Events { limit: u32 },
}

/// Answers questions; those about the network by way of the chores.
pub(crate) fn serve(served: Arc<Served>, orders: Sender<Order>) -> Arc<Serve> {
    Arc::new(move |stream: &UnixStream| {
        lines::serve(stream, stream, MAX_LINE_BYTES, |line| answer(&served, &orders, line).into()).map(drop)
    })
}

fn answer(served: &Served, orders: &Sender<Order>, line: &[u8]) -> Value {
    match serde_json::from_slice(line) {
        Ok(Question::Status) => status(served),
        Ok(Question::Sync) => sync(orders),
        Ok(Question::Rollback) => rollback(served),
        Ok(Question::Events { limit }) => events(served, limit).unwrap_or_else(|problem| storage(&problem)),
        Err(error) => refused("bad_question", None, &format!("{error}; ask for status, sync, rollback or events")),
    }
}

fn status(served: &Served) -> Value {
    let model = served.session().map(|session| {
        json!({
            "model_id": session.model_id(), "version": session.model_version(), "sequence": session.model_sequence(),
            "kernel_set": session.kernel_set(),
        })
    });
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let sensor = &served.sensor;
    json!({
        "model": model.as_ref().ok(),
        "no_model": model.as_ref().err().map(ToString::to_string),
        "health": served.runtime.health(),
        "alarms": served.runtime.alarms().map(|alarms| open(&alarms)).ok(),
        "waiting": Reader::open(&served.state_directory).and_then(|reader| reader.waiting()).map(|waiting| waiting.len()).ok(),
        "sensor": {"windows": count(&sensor.windows), "gaps": count(&sensor.gaps), "frozen": count(&sensor.frozen)},
    })
}

fn sync(orders: &Sender<Order>) -> Value {
    let (asking, asked) = channel();
    let told = orders.send(Order::Now(asking)).ok().and_then(|()| asked.recv_timeout(PATIENCE).ok());
    told.unwrap_or_else(|| refused("busy", None, "the network takes its time; see the log, and ask again later"))
}

fn rollback(served: &Served) -> Value {
    match served.runtime.rollback(&served.model) {
        Ok(switch) => {
            log::warn!("{} goes back to {}: somebody asked for it", switch.model_id, switch.version);
            json!({"model_id": switch.model_id, "version": switch.version, "sequence": switch.sequence})
        }
        Err(error) => refused("no_previous", None, &error.to_string()),
    }
}

fn events(served: &Served, limit: u32) -> Result<Value, StorageProblem> {
    let reader = Reader::open(&served.state_directory)?;
    Ok(json!({"alarms": open(&reader.alarms()?), "events": reader.events(limit)?}))
}

/// What is the matter now, in sentences.
fn open(alarms: &[Alarm]) -> Vec<String> {
    alarms.iter().filter(|alarm| alarm.cleared_us.is_none()).map(Alarm::what).collect()
}

fn storage(problem: &StorageProblem) -> Value {
    refused("storage", None, &format!("{problem}; {}", problem.remedy()))
}
