//! Sinks: programs that are told of answers with a certain verdict or class, no oftener than they want.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::config;
use crate::error::DaemonError;

/// Longest run of a program. One that hangs must not keep the next alarm from being told.
const LONGEST: Duration = Duration::from_secs(10);
/// Between two looks at whether a program has ended.
const LOOK: Duration = Duration::from_millis(20);

/// What came of a record, for whoever is told.
#[derive(Clone, Copy)]
pub(crate) struct Outcome<'a> {
    /// `accept`, `abstain`, `refused`.
    pub(crate) verdict: &'a str,
    /// The class that was answered, where there is one.
    pub(crate) class: Option<&'a str>,
    /// The line that a client would get.
    pub(crate) document: &'a Value,
}

/// All sinks.
pub(crate) struct Sinks(Vec<Sink>);

struct Sink {
    wants: config::Sink,
    told: Mutex<Told>,
}

/// When it was told last, and what it was not told since.
struct Told {
    last: Option<Instant>,
    suppressed: u64,
    /// Nothing once the daemon ends.
    program: Option<Program>,
}

/// Documents for the program, and the thread that runs it.
struct Program {
    to: SyncSender<String>,
    thread: JoinHandle<()>,
}

impl Sinks {
    /// A thread for each.
    pub(crate) fn start(sinks: Vec<config::Sink>) -> Result<Self, DaemonError> {
        sinks.into_iter().map(Sink::start).collect::<io::Result<_>>().map(Self).map_err(DaemonError::Thread)
    }

    /// Tells those that want to know. Never waits for a program.
    pub(crate) fn offer(&self, outcome: Outcome<'_>) {
        self.0.iter().filter(|sink| sink.wants(outcome)).for_each(|sink| sink.tell(outcome.document));
    }

    /// Programs that run may come to their end; nobody is told any more.
    pub(crate) fn end(&self) {
        let programs: Vec<Program> = self.0.iter().filter_map(|sink| sink.told().program.take()).collect();
        for Program { to, thread } in programs {
            drop(to);
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Sink {
    fn start(wants: config::Sink) -> io::Result<Self> {
        // One runs and one waits: what comes then is counted and not queued, since an alarm of an hour ago helps nobody.
        let (to, from) = sync_channel(1);
        let command = wants.command.clone();
        let thread = thread::Builder::new().name("sink".into()).spawn(move || run_each(&command, &from))?;
        let program = Some(Program { to, thread });
        Ok(Self { wants, told: Mutex::new(Told { last: None, suppressed: 0, program }) })
    }

    fn wants(&self, outcome: Outcome<'_>) -> bool {
        let verdict = self.wants.verdicts.is_empty() || self.wants.verdicts.iter().any(|v| v == outcome.verdict);
        let class = |class: &String| outcome.class == Some(class);
        verdict && (self.wants.classes.is_empty() || self.wants.classes.iter().any(class))
    }

    fn tell(&self, document: &Value) {
        let mut told = self.told();
        let now = Instant::now();
        let is_due = told.last.is_none_or(|last| now.duration_since(last) >= self.wants.min_interval);
        if is_due && told.try_send(document) {
            (told.last, told.suppressed) = (Some(now), 0);
        } else {
            told.suppressed += 1;
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn try_send(&self, document: &Value) -> bool {
        let Some(program) = &self.program else { return false };
        let mut document = document.clone();
        document["suppressed"] = json!(self.suppressed);
        program.to.try_send(document.to_string()).is_ok()
    }
}

fn run_each(command: &[String], from: &Receiver<String>) {
    for document in from {
        if let Err(problem) = run(command, &document) {
            log::warn!("sink {}: {problem}", command.first().map_or("", String::as_str));
        }
    }
}

/// Runs the program with the document on its standard input.
fn run(command: &[String], document: &str) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let mut start = Command::new(program);
    start.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child =
        start.spawn().map_err(|error| format!("cannot be started ({error}); check its path and permissions"))?;
    if let Some(mut stdin) = child.stdin.take() {
        let document = format!("{document}\n");
        // One that does not read is fine, and must not be waited for with what the pipe does not hold.
        let _ = thread::Builder::new().spawn(move || stdin.write_all(document.as_bytes()));
    }
    let ended = wait(&mut child).map_err(|error| error.to_string())?;
    match ended {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("ended with {status}")),
        None => Err(format!("took more than {} s and was ended", LONGEST.as_secs())),
    }
}

/// Waits for the end as long as a program may run, and then makes it.
fn wait(child: &mut Child) -> io::Result<Option<std::process::ExitStatus>> {
    let begun = Instant::now();
    while begun.elapsed() < LONGEST {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(LOOK);
    }
    child.kill()?;
    child.wait().map(|_| None)
}
