//! A running server: started with a [`Config`], stopped by its handle or by a signal.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::{Shared, router};
use crate::config::Config;
use crate::connection::serve;
use crate::error::StartError;
use crate::models::Models;
use crate::store::Store;

/// Threads that answer requests; what takes long runs on others.
const THREADS: usize = 2;
/// What a blocking task (a download, a write) gets to notice that its connection is gone.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// A server that listens. Dropping it stops it.
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: Option<JoinHandle<()>>,
    runtime: Option<Runtime>,
}

impl Server {
    /// Verifies the bundles, opens the data folder and listens. When this returns, requests are answered.
    ///
    /// # Errors
    /// [`StartError`] saying what cannot be used and what to do.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let address = config.listen;
        if config.tokens.is_empty() && !config.open && !address.ip().is_loopback() {
            return Err(StartError::Open { address });
        }
        let models = match &config.bundles {
            Some(folder) => Models::read(folder, &config.keys)?,
            None => Models::default(),
        };
        if let Some(folder) = config.channel.as_ref().filter(|folder| !folder.join("root/1.json").is_file()) {
            return Err(StartError::Channel { folder: folder.clone() });
        }
        let store = Store::open(&config.data, config.limits.max_database_bytes)
            .map_err(|source| StartError::Data { folder: config.data.clone(), source })?;
        let listening = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(listening)?;
        listener.set_nonblocking(true).map_err(listening)?;
        let bound = listener.local_addr().map_err(listening)?;
        let threads = |source| StartError::Threads { source };
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build().map_err(threads)?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(listening)?
        };
        let limits = config.limits.clone();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let router = router(Arc::new(Shared::new(config, store, models, processors)));
        let (stop, stopped) = watch::channel(false);
        let serving = runtime.spawn(serve(listener, router, limits, stopped));
        log::info!("listening on {bound}");
        Ok(Self { address: bound, stop, serving: Some(serving), runtime: Some(runtime) })
    }

    /// Where it listens, with the port that it took.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as the beginning of a URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more connections, lets what runs finish within the deadline, and returns.
    pub fn stop(mut self) {
        self.finish();
    }

    /// Serves until the process is told to end (SIGTERM, ctrl-c), then stops. `ready` is called when a signal would be
    /// heard: whoever is told by it may send one at once.
    ///
    /// # Errors
    /// What `ready` returns; the server stops then.
    pub fn run_until_signal<E>(mut self, ready: impl FnOnce(&Self) -> Result<(), E>) -> Result<(), E> {
        if let Some(runtime) = &self.runtime {
            let signal = {
                let _inside = runtime.enter();
                signal()
            };
            ready(&self)?;
            runtime.block_on(signal);
        }
        log::info!("stopping");
        self.finish();
        Ok(())
    }

    fn finish(&mut self) {
        // Nobody hears it when serving has ended already.
        let _ = self.stop.send(true);
        if let (Some(runtime), Some(serving)) = (self.runtime.take(), self.serving.take()) {
            let _ = runtime.block_on(serving);
            runtime.shutdown_timeout(LAST_TASKS);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Hears from now on; ends when the process is told to.
#[cfg(unix)]
fn signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut heard: Vec<_> =
        [SignalKind::terminate(), SignalKind::interrupt()].into_iter().filter_map(|kind| signal(kind).ok()).collect();
    std::future::poll_fn(move |cx| {
        let any = heard.iter_mut().any(|signal| signal.poll_recv(cx).is_ready());
        if any { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
}

/// Ends when the process is told to.
#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
