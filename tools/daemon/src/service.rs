//! The daemon from its start to its end.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use dunlin::health::Part;
use dunlin::{InstallOutcome, Runtime};
use sd_notify::NotifyState;

use crate::args::Args;
use crate::chores;
use crate::config::{Chores, Config};
use crate::error::DaemonError;
use crate::served::Served;
use crate::signals::{self, Asked};
use crate::socket::{self, Socket};

/// Runs until it is asked to end.
pub(crate) fn run(args: &Args) -> Result<(), DaemonError> {
    let config = Config::read(args)?;
    if args.check_config {
        log::info!("the configuration can be used");
        return Ok(());
    }
    let (asking, asked) = signals::listen()?;
    let served = Arc::new(Served { runtime: Runtime::open(config.runtime()), model: config.model.clone() });
    prepare(&served, &config)?;
    let socket = config.socket.as_deref().map(|path| socket::answer_on(path, &served, config.limits)).transpose()?;
    if config.stdin {
        answer_stdin(&served, config.limits.line_bytes, asking.clone())?;
    }
    let (others, given) = channel();
    let chores = chores::begin(&served, config.chores, given).map_err(DaemonError::Thread)?;
    tell(&[NotifyState::Ready]);
    attend(args, &served, &asked, &others);
    tell(&[NotifyState::Stopping]);
    drop(others);
    socket.into_iter().for_each(Socket::drain);
    // One that waits for a network that is not there is not waited for: what it has is on the disk.
    drop(chores);
    drop(asking);
    Ok(served.runtime.suspend()?)
}

/// Installs what the board ships with, and says now and not to the first client whether a model can answer.
fn prepare(served: &Served, config: &Config) -> Result<(), DaemonError> {
    if let Part::Degraded(notice) = served.runtime.health().state {
        log::error!("{}; {}", notice.what, notice.remedy);
    }
    install(served, config)?;
    match served.session() {
        Ok(session) => log::info!("{} {} answers, on {}", config.model, session.model_version(), session.kernel_set()),
        Err(error) if config.updates.is_some() => {
            log::warn!("nobody answers until the update channel brings a model: {error}")
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// A bundle that is refused ends the start only where no other can answer.
fn install(served: &Served, config: &Config) -> Result<(), DaemonError> {
    let Some(path) = &config.bundle else { return Ok(()) };
    match served.runtime.install_shipped(path) {
        Ok(report) => {
            let (model, version) = (&report.model_id, &report.version);
            match report.outcome {
                InstallOutcome::Activated => log::info!("{model} {version} is installed"),
                InstallOutcome::HeldInMemory => {
                    log::error!("{model} {version} is held in memory: the state directory cannot be written")
                }
                _ => log::debug!("{model} {version}: {:?}", report.outcome),
            }
            Ok(())
        }
        Err(source) if served.session().is_ok() => {
            log::error!("{}: {source}; the installed one answers on", path.display());
            Ok(())
        }
        Err(source) => Err(DaemonError::Bundle { path: path.clone(), source }),
    }
}

/// Answers standard input, and asks for the end when it ends.
fn answer_stdin(served: &Arc<Served>, max_line_bytes: usize, asking: Sender<Asked>) -> Result<(), DaemonError> {
    let served = Arc::clone(served);
    let serve = move || {
        if let Err(error) = served.serve(io::stdin(), io::stdout(), max_line_bytes) {
            log::warn!("standard input: {error}");
        }
        // Nobody listens any more where the end has begun already.
        let _ = asking.send(Asked::End);
    };
    thread::Builder::new().name("stdin".into()).spawn(serve).map(drop).map_err(DaemonError::Thread)
}

/// Does what is asked for, and tells the watchdog that it still does, until it is to end.
fn attend(args: &Args, served: &Served, asked: &Receiver<Asked>, others: &Sender<Chores>) {
    let watchdog = sd_notify::watchdog_enabled();
    // Twice as often as the service manager asks for, as sd_watchdog_enabled(3) advises.
    let pause = watchdog.map_or(Duration::from_secs(3_600), |every| every / 2);
    loop {
        match asked.recv_timeout(pause) {
            Ok(Asked::Reload) => reload(args, served, others),
            Ok(Asked::End) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if watchdog.is_some() {
            tell(&[NotifyState::Watchdog]);
        }
    }
}

/// Reads the configuration again: the bundle, the receiver and how often it is asked. The rest takes a restart. What cannot be
/// used changes nothing.
fn reload(args: &Args, served: &Served, others: &Sender<Chores>) {
    let config = match Config::read(args) {
        Ok(config) => config,
        Err(error) => return log::error!("the configuration stays as it was: {error}"),
    };
    if let Err(error) = install(served, &config) {
        log::error!("{error}");
    }
    // The chores end with the daemon alone.
    let _ = others.send(config.chores);
    log::info!("the configuration was read again");
}

/// Without a service manager there is nobody to tell.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        log::debug!("the service manager cannot be told: {error}");
    }
}
