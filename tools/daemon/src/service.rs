//! The daemon from its start to its end.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use dunlin::Runtime;
use dunlin::health::Part;
use sd_notify::NotifyState;

use crate::args::Args;
use crate::chores::{self, Order};
use crate::config::Config;
use crate::error::DaemonError;
use crate::folder::{self, Folder};
use crate::followers::Followers;
use crate::gate::Gate;
use crate::sensor::{self, Sensor, SensorCounts};
use crate::served::Served;
use crate::signals::{self, Asked};
use crate::sink::Sinks;
use crate::socket::{self, Serve, Socket, Who};
use crate::{control, line, lines};

/// Between two looks at whether everybody works, without a watchdog.
const LOOK: Duration = Duration::from_secs(10);

/// Runs until it is asked to end.
pub(crate) fn run(args: &Args) -> Result<(), DaemonError> {
    let config = Config::read(args)?;
    if args.check_config {
        log::info!("the configuration can be used");
        return Ok(());
    }
    let (asking, asked) = signals::listen()?;
    let served = Arc::new(Served {
        runtime: Runtime::open(config.runtime()),
        model: config.model.clone(),
        state_directory: config.state_directory.clone(),
        sinks: Sinks::start(config.sinks.clone())?,
        followers: Followers::new(config.sensor.is_some()),
        sensor: SensorCounts::default(),
        stdin: Gate::default(),
    });
    prepare(&served, &config)?;
    let (orders, given) = channel();
    let inputs = Inputs::open(&config, &served, &asking, &orders)?;
    let chores = chores::begin(&served, config.chores, given).map_err(DaemonError::Thread)?;
    tell(&[NotifyState::Ready]);
    let attended = attend(args, &asked, &orders, || inputs.check(&chores));
    tell(&[NotifyState::Stopping]);
    // The chores are not waited for, which may wait for a network that is not there: what they have is on the disk.
    inputs.end(&served);
    served.runtime.suspend()?;
    attended
}

/// Where records and questions come from.
struct Inputs {
    sockets: Vec<Socket>,
    folder: Option<Folder>,
    sensor: Option<Sensor>,
}

impl Inputs {
    fn open(
        config: &Config,
        served: &Arc<Served>,
        asking: &Sender<Asked>,
        orders: &Sender<Order>,
    ) -> Result<Self, DaemonError> {
        let limits = config.limits;
        let mut sockets = Vec::new();
        if let Some(path) = &config.socket {
            sockets.push(socket::answer_on(path, Who::Group, limits.connections, records(served, limits.line_bytes))?);
        }
        if let Some(path) = &config.control {
            let serve = control::serve(Arc::clone(served), orders.clone());
            sockets.push(socket::answer_on(path, Who::Owner, control::CONNECTIONS, serve)?);
        }
        if config.stdin {
            answer_stdin(served, limits.line_bytes, asking.clone())?;
        }
        let folder = config.folder.clone().map(|path| folder::watch(path, served)).transpose()?;
        let sensor = config.sensor.clone().map(|sensor| sensor::start(sensor, served)).transpose()?;
        Ok(Self { sockets, folder, sensor })
    }

    /// A thread that has ended by itself takes the daemon with it: the service manager starts it anew.
    fn check(&self, chores: &JoinHandle<()>) -> Result<(), DaemonError> {
        if chores.is_finished() {
            return Err(DaemonError::Worker("chores"));
        }
        if self.sensor.as_ref().is_some_and(Sensor::has_failed) {
            return Err(DaemonError::Worker("sensor"));
        }
        if self.folder.as_ref().is_some_and(Folder::has_failed) {
            return Err(DaemonError::Worker("folder"));
        }
        Ok(())
    }

    /// In order: what was sent is answered, and nothing more is read.
    fn end(self, served: &Served) {
        self.sensor.into_iter().for_each(Sensor::end);
        self.folder.into_iter().for_each(Folder::end);
        served.followers.end();
        self.sockets.into_iter().for_each(Socket::drain);
        served.stdin.shut();
        served.sinks.end();
    }
}

/// Answers a connection's lines.
fn records(served: &Arc<Served>, line_bytes: usize) -> Arc<Serve> {
    let served = Arc::clone(served);
    Arc::new(move |stream: &UnixStream| {
        let mut following = served.follow();
        lines::serve(stream, stream, line_bytes, |line| line::answer(&served, &mut following, line)).map(drop)
    })
}

/// Installs what the board ships with, and says now and not to the first client whether a model can answer.
fn prepare(served: &Served, config: &Config) -> Result<(), DaemonError> {
    if let Part::Degraded(notice) = served.runtime.health().state {
        log::error!("{}; {}", notice.what, notice.remedy);
    }
    match served.install(config.bundle.as_deref()) {
        Err(error) if config.updates.is_some() => log::error!("{error}"),
        installed => installed?,
    }
    match served.session() {
        Ok(session) => log::info!("{} {} answers, on {}", config.model, session.model_version(), session.kernel_set()),
        Err(error) if config.updates.is_some() => {
            log::warn!("nobody answers until the update channel brings a model: {error}")
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Answers standard input, and asks for the end when it ends.
fn answer_stdin(served: &Arc<Served>, max_line_bytes: usize, asking: Sender<Asked>) -> Result<(), DaemonError> {
    let served = Arc::clone(served);
    let serve = move || {
        let mut following = served.follow();
        let answer = |line: &[u8]| served.stdin.pass(|| line::answer(&served, &mut following, line));
        if let Err(error) = lines::serve(io::stdin(), io::stdout(), max_line_bytes, answer) {
            log::warn!("standard input: {error}");
        }
        // Nobody listens any more where the end has begun already.
        let _ = asking.send(Asked::End);
    };
    thread::Builder::new().name("stdin".into()).spawn(serve).map(drop).map_err(DaemonError::Thread)
}

/// Does what is asked for, and tells the watchdog that everybody still works, until it is to end.
fn attend(
    args: &Args,
    asked: &Receiver<Asked>,
    orders: &Sender<Order>,
    check: impl Fn() -> Result<(), DaemonError>,
) -> Result<(), DaemonError> {
    let watchdog = sd_notify::watchdog_enabled();
    // Twice as often as the service manager asks for, as sd_watchdog_enabled(3) advises.
    let pause = watchdog.map_or(LOOK, |every| every / 2);
    loop {
        match asked.recv_timeout(pause) {
            Ok(Asked::Reload) => reload(args, orders),
            Ok(Asked::End) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        check()?;
        if watchdog.is_some() {
            tell(&[NotifyState::Watchdog]);
        }
    }
}

/// Reads the configuration again: the bundle, the receiver and how often it is asked. The rest takes a restart. What cannot be
/// used changes nothing.
fn reload(args: &Args, orders: &Sender<Order>) {
    let config = match Config::read(args) {
        Ok(config) => config,
        Err(error) => return log::error!("the configuration stays as it was: {error}"),
    };
    // The chores end with the daemon alone. They install, since that may take longer than the watchdog waits.
    let _ = orders.send(Order::Instead { bundle: config.bundle, chores: config.chores });
    log::info!("the configuration was read again");
}

/// Without a service manager there is nobody to tell.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        log::debug!("the service manager cannot be told: {error}");
    }
}
