//! Accepting connections, serving each with time limits, and stopping without cutting off what runs.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::faults::Abort;
use crate::limits::{Limits, MAX_HEAD_BYTES};

/// After a failed accept (no file descriptors left, say), so that the loop does not spin.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
struct Aborted;

/// Serves until told to stop; then lets running requests finish within the deadline.
pub(crate) async fn serve(listener: TcpListener, router: Router, limits: Limits, mut stop: watch::Receiver<bool>) {
    let seats = Arc::new(Semaphore::new(limits.connections));
    let mut running = JoinSet::new();
    loop {
        let seat = tokio::select! {
            seat = Arc::clone(&seats).acquire_owned() => seat,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        while running.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, router.clone(), limits.clone(), stop.clone());
                running.spawn(async move {
                    connection.await;
                    drop(seat);
                });
            }
            Err(error) => {
                log::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    drop(listener);
    let finished = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.stop_deadline, finished).await.is_err() {
        log::warn!("requests still ran at the deadline and were cut off");
    }
}

async fn connection(stream: TcpStream, router: Router, limits: Limits, mut stop: watch::Receiver<bool>) {
    // Small answers should leave at once.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = router.call(request);
        async move {
            let Ok(answer) = answer.await;
            if answer.extensions().get::<Abort>().is_some() { Err(Aborted) } else { Ok::<Response<Body>, _>(answer) }
        }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(limits.head_timeout).max_buf_size(MAX_HEAD_BYTES);
    let mut served = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
    let until_stop = async {
        tokio::select! {
            result = served.as_mut() => return result,
            _ = stop.wait_for(|stop| *stop) => served.as_mut().graceful_shutdown(),
        }
        served.as_mut().await
    };
    match tokio::time::timeout(limits.connection_lifetime, until_stop).await {
        Ok(Err(error)) => log::debug!("connection: {error}"),
        Err(_) => log::info!("a connection lasted longer than it may and was closed"),
        Ok(Ok(())) => {}
    }
}
