//! `dunlin sync`: sends what waits in a folder's outbox, and says what became of it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dunlin::outbox::{Link, SyncReport};
use dunlin::{Config, Runtime, TrustedKeys};
use dunlin_transport::{Address, HttpTransport};
use serde_json::json;

use crate::error::{CliError, Kind};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::{folder, transport, utc};

/// Attempts that are looked through for the last one that was not delivered.
const LOOKED_AT: u32 = 64;

/// Send the summaries that wait in a runtime's folder.
///
/// The address is the receiver's own: redirects are not followed, and proxy variables of the environment are not looked
/// at.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The runtime's folder.
    dir: PathBuf,
    /// Base address of the receiver, such as https://example.com or http://127.0.0.1:8750.
    #[arg(long)]
    url: String,
    /// File that holds the bearer token and that nobody else can read.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// Bytes cost money on this link: keep to the day's allowance.
    #[arg(long)]
    metered: bool,
    /// Forget waits and pauses first: a new token, another network, a server that is back.
    #[arg(long)]
    now: bool,
    /// Keep trying until everything is delivered or this many seconds have passed.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
    /// Longest wait for one whole answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

/// How it stands in the end.
struct Outcome {
    attempts: u64,
    accepted: u64,
    dropped: u64,
    waiting: usize,
    wait: Option<Duration>,
    trouble: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let transport = transport::open(&args.url, args.token_file.as_deref())?;
    let mut transport = transport.within(Duration::from_secs(args.timeout));
    folder::must_exist(&args.dir)?;
    let interrupt = Interrupt::watch()?;
    let runtime = Runtime::open(Config::new(&args.dir, TrustedKeys::new()));
    let synced = keep_trying(args, &runtime, &mut transport, &interrupt);
    let outcome = synced.and_then(|reports| outcome(args, &reports));
    let closed = runtime.close();
    let outcome = outcome?;
    let document = json!({
        "attempts": outcome.attempts, "accepted": outcome.accepted, "waiting": outcome.waiting,
        "wait_seconds": outcome.wait.map(|wait| wait.as_secs_f64().ceil() as u64), "trouble": outcome.trouble,
        "dropped": outcome.dropped,
    });
    output.result(&document, || told(&outcome, transport.address()));
    closed.map_err(|e| CliError::new(Kind::Storage, "storage", e))?;
    match &outcome.trouble {
        Some(trouble) if outcome.waiting > 0 || outcome.dropped > 0 => Err(undelivered(&outcome, trouble, output)),
        _ => Ok(()),
    }
}

/// Syncs, and again after every wait that ends in time.
fn keep_trying(
    args: &Args,
    runtime: &Runtime,
    transport: &mut HttpTransport,
    interrupt: &Interrupt,
) -> Result<Vec<SyncReport>, CliError> {
    let link = if args.metered { Link::Metered } else { Link::Unmetered };
    let (began, most) = (Instant::now(), Duration::from_secs(args.wait));
    if args.now {
        runtime.resume_uploads().map_err(|problem| CliError::from(&problem))?;
    }
    let mut reports = Vec::new();
    loop {
        let report = runtime.sync(transport, link).map_err(|problem| CliError::from(&problem))?;
        let wait = report.wait;
        reports.push(report);
        match wait {
            Some(wait) if began.elapsed() + wait <= most && interrupt.sleep(wait) => {}
            _ => return Ok(reports),
        }
    }
}

fn outcome(args: &Args, reports: &[SyncReport]) -> Result<Outcome, CliError> {
    let storage = |problem| CliError::from(&problem);
    let reader = folder::reader(&args.dir)?;
    let waiting = reader.waiting().map_err(storage)?.len();
    let attempts: u64 = reports.iter().map(|report| report.attempts).sum();
    // The attempts of this call, or the one before it that what waits is still waiting for.
    let looked_at = u32::try_from(attempts).map_or(LOOKED_AT, |attempts| attempts.clamp(1, LOOKED_AT));
    let uploads = reader.uploads(looked_at).map_err(storage)?;
    let failed = |result: &str| !matches!(result, "accepted" | "duplicate");
    let last = uploads.iter().find(|upload| failed(&upload.result));
    let last = last.filter(|_| attempts > 0 || waiting > 0);
    let transport = reports.iter().rev().find_map(|report| report.trouble.clone());
    let trouble = last.map(|upload| match upload.status {
        Some(status) => explained(status, &upload.result),
        None => transport.unwrap_or_else(|| format!("no answer at {}", utc::text(upload.wall_us))),
    });
    Ok(Outcome {
        attempts,
        accepted: reports.iter().map(|report| report.accepted).sum(),
        dropped: uploads.iter().take(attempts as usize).filter(|upload| upload.result == "dropped").count() as u64,
        waiting,
        wait: reports.last().and_then(|report| report.wait),
        trouble,
    })
}

/// What a status means to somebody who can do something about it.
fn explained(status: u16, result: &str) -> String {
    let meaning = match status {
        200..=299 => "no acknowledgement of this upload; a captive portal, or another server, answers at this address",
        300..=399 => "redirected, which is not followed; give the address that it leads to",
        401 | 403 => "the receiver does not accept the token; check --token-file, then sync with --now",
        404 | 405 => "nothing takes summaries in at this address; check --url",
        400 | 422 => "the receiver refused the summary for good",
        413 => "too large for the receiver",
        408 | 429 | 503 => "the receiver is busy",
        500..=599 => "the receiver is in trouble",
        _ => "not an answer of this protocol",
    };
    let lost = if result == "dropped" { "; the summary is lost, and counted as lost" } else { "" };
    format!("status {status}: {meaning}{lost}")
}

fn told(outcome: &Outcome, address: &Address) -> String {
    let Outcome { attempts, accepted, waiting, wait, .. } = outcome;
    let mut text = match (attempts, accepted) {
        (0, _) => "Nothing was sent".to_owned(),
        (attempts, 0) => format!("Nothing was delivered to {address} in {}", counted(*attempts, "attempt", "attempts")),
        (attempts, accepted) => {
            let (summaries, attempts) =
                (counted(*accepted, "summary", "summaries"), counted(*attempts, "attempt", "attempts"));
            format!("Delivered {summaries} to {address} in {attempts}")
        }
    };
    match (waiting, wait) {
        (0, _) => text.push_str(if *attempts == 0 { ": nothing waits." } else { "; nothing waits any more." }),
        (waiting, wait) => {
            let waits = if *waiting == 1 { "waits" } else { "wait" };
            text.push_str(&format!(".\n{} {waits}", counted(*waiting as u64, "summary", "summaries")));
            if let Some(wait) = wait {
                text.push_str(&format!("; the next attempt is due in {} (--now tries at once)", utc::span(*wait)));
            }
            text.push('.');
        }
    }
    text
}

fn undelivered(outcome: &Outcome, trouble: &str, output: Output) -> CliError {
    if output.json {
        return CliError::told(Kind::Undelivered);
    }
    let first = if outcome.waiting > 0 { "not everything was delivered" } else { "not everything could be delivered" };
    CliError::new(Kind::Undelivered, "undelivered", format!("{first}: {trouble}"))
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
