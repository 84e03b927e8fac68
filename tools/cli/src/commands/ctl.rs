//! `dunlin ctl`: asks the daemon of a board how it is, and has it sync or go back.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use dunlin::journal::RecordedEvent;
use serde_json::{Value, json};

use super::events::lines;
use crate::error::{CliError, Kind};
use crate::output::{Output, facts};

/// Ask the daemon of this board, dunlind, how it is, or have it do something.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The daemon's control socket: `control` in its configuration.
    #[arg(long, global = true, default_value = "/run/dunlin/control.sock")]
    socket: PathBuf,
    #[command(subcommand)]
    ask: Ask,
}

#[derive(clap::Subcommand)]
enum Ask {
    /// Which model answers, what is degraded, and what the sensor gives.
    Status,
    /// Send what waits, and look for an update, now.
    Sync,
    /// Throw the active version out: the one before it answers from now on.
    Rollback,
    /// Open alarms and the newest events.
    Events {
        /// Events to show, the newest.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let (question, told): (Value, fn(&Value) -> String) = match args.ask {
        Ask::Status => (json!({"ask": "status"}), status),
        Ask::Sync => (json!({"ask": "sync"}), sync),
        Ask::Rollback => (json!({"ask": "rollback"}), rollback),
        Ask::Events { limit } => (json!({"ask": "events", "limit": limit}), events),
    };
    let answer = ask(&args.socket, &question)?;
    output.result(&answer, || told(&answer));
    let is_degraded = |part: &str| answer["health"][part]["status"] == "degraded";
    if is_degraded("state") || is_degraded("journal") {
        return Err(CliError::told(Kind::Storage));
    }
    let is_undelivered = ["sync", "update"].iter().any(|part| !answer[*part]["trouble"].is_null());
    if is_undelivered || !answer["trouble"].is_null() { Err(CliError::told(Kind::Undelivered)) } else { Ok(()) }
}

fn ask(socket: &Path, question: &Value) -> Result<Value, CliError> {
    let failed = |error: &dyn std::fmt::Display| {
        let message = format!("{}: {error}; is dunlind running, with `control` set to this path?", socket.display());
        CliError::new(Kind::Failed, "no_daemon", message)
    };
    let mut stream = UnixStream::connect(socket).map_err(|error| failed(&error))?;
    writeln!(stream, "{question}").map_err(|error| failed(&error))?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).map_err(|error| failed(&error))?;
    let answer: Value = serde_json::from_str(&line).map_err(|_| failed(&"what answers there is no dunlind"))?;
    match &answer["error"] {
        Value::Null => Ok(answer),
        error => Err(CliError::new(Kind::Failed, word(&error["code"]), word(&error["message"]))),
    }
}

fn status(answer: &Value) -> String {
    let model = &answer["model"];
    let who = match &answer["no_model"] {
        Value::String(why) => format!("none: {why}"),
        _ => format!(
            "{} {} (sequence {}), on {}",
            word(&model["model_id"]),
            word(&model["version"]),
            model["sequence"],
            word(&model["kernel_set"])
        ),
    };
    let part = |name: &str| match &answer["health"][name] {
        degraded if degraded["status"] == "degraded" => {
            format!("{}; {}", word(&degraded["what"]), word(&degraded["remedy"]))
        }
        _ => "ok".to_owned(),
    };
    let sensor = &answer["sensor"];
    let sampled = format!("{} windows, {} gaps, {} frozen", sensor["windows"], sensor["gaps"], sensor["frozen"]);
    let alarms = answer["alarms"].as_array().map_or(&[][..], Vec::as_slice);
    let rows = [
        ("model", who),
        ("state", part("state")),
        ("journal", part("journal")),
        ("sensor", sampled),
        ("summaries that wait", answer["waiting"].to_string()),
        ("alarms", if alarms.is_empty() { "none is open".to_owned() } else { list(alarms) }),
    ];
    facts(rows).to_string()
}

fn sync(answer: &Value) -> String {
    let (sync, update) = (&answer["sync"], &answer["update"]);
    let sent = match (&answer["trouble"], &sync["trouble"]) {
        (Value::String(trouble), _) => return trouble.clone(),
        (_, Value::String(trouble)) => format!("Not everything was delivered: {trouble}"),
        _ => format!("Summaries delivered: {}", sync["accepted"]),
    };
    let trouble = update["trouble"].as_str().map(|trouble| format!("No update: {trouble}"));
    let models = update.as_array().map_or(&[][..], Vec::as_slice);
    let updated = models
        .iter()
        .map(|model| format!("{} {}: {}", word(&model["model_id"]), word(&model["version"]), word(&model["outcome"])));
    std::iter::once(sent).chain(updated).chain(trouble).collect::<Vec<_>>().join("\n")
}

fn rollback(answer: &Value) -> String {
    format!("{} {} answers from now on.", word(&answer["model_id"]), word(&answer["version"]))
}

fn events(answer: &Value) -> String {
    let alarms = answer["alarms"].as_array().map_or(&[][..], Vec::as_slice);
    let open = if alarms.is_empty() { "No alarm is open.".to_owned() } else { list(alarms) };
    let events: Vec<RecordedEvent> = serde_json::from_value(answer["events"].clone()).unwrap_or_default();
    format!("{open}\n\n{}", lines::events(events.iter().rev()))
}

fn list(sentences: &[Value]) -> String {
    sentences.iter().map(word).collect::<Vec<_>>().join("\n")
}

/// A text as it is; nothing in it may steer the terminal.
fn word(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
