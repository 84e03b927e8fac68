//! The Unix socket: a thread and a session for each connection, and no more of them than are allowed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::DaemonError;
use crate::served::refused;

/// Pause after a connection that could not be taken: with no descriptor left, the next cannot be either.
const PAUSE: Duration = Duration::from_millis(100);
/// A client that takes no answer for so long is cut off: it must not hold up the end, nor its place.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest wait at the end for all clients together.
const LONGEST_DRAIN: Duration = Duration::from_secs(20);
/// Longest wait for those that are cut off then.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Between two looks at whether they are done.
const LOOK: Duration = Duration::from_millis(10);

/// Who may connect.
#[derive(Clone, Copy)]
pub(crate) enum Who {
    /// Whom the umask lets: under the unit, the service's group.
    Group,
    /// The daemon's own user, and root.
    Owner,
}

/// What is done with a connection until it ends.
pub(crate) type Serve = dyn Fn(&UnixStream) -> io::Result<()> + Send + Sync;

/// A socket that is being answered on.
pub(crate) struct Socket {
    path: std::path::PathBuf,
    clients: Arc<Clients>,
}

/// Connections that are open, by number.
#[derive(Default)]
struct Clients(Mutex<Open>);

#[derive(Default)]
struct Open {
    next: u64,
    streams: BTreeMap<u64, UnixStream>,
    threads: Vec<JoinHandle<()>>,
    is_ending: bool,
}

/// Binds the socket and answers on it from now on. What a daemon left that is not there any more is taken away first.
pub(crate) fn answer_on(path: &Path, who: Who, most: usize, serve: Arc<Serve>) -> Result<Socket, DaemonError> {
    let failed = |why: String| DaemonError::Socket { path: path.to_owned(), why };
    remove_stale(path).map_err(failed)?;
    let listener = UnixListener::bind(path).map_err(|error| failed(error.to_string()))?;
    if let Who::Owner = who {
        let own = fs::Permissions::from_mode(0o600);
        fs::set_permissions(path, own).map_err(|error| failed(error.to_string()))?;
    }
    let clients = Arc::new(Clients::default());
    let accepting = Arc::clone(&clients);
    thread::spawn(move || accept(&listener, &serve, most, &accepting));
    log::info!("listening on {}", path.display());
    Ok(Socket { path: path.to_owned(), clients })
}

impl Socket {
    /// Ends in order: records that were sent are answered, and nothing more is read.
    pub(crate) fn drain(self) {
        // Nobody new finds it.
        let _ = fs::remove_file(&self.path);
        self.clients.drain();
    }
}

/// A socket that nobody answers on is left over from a crash; anything else is somebody's.
fn remove_stale(path: &Path) -> Result<(), String> {
    let kind = match fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    if !kind.is_socket() {
        return Err("something that is no socket lies there; take it away, or name another path".to_owned());
    }
    match UnixStream::connect(path) {
        Ok(_) => Err("another process answers on it; end that one first".to_owned()),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    }
}

fn accept(listener: &UnixListener, serve: &Arc<Serve>, most: usize, clients: &Arc<Clients>) {
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => clients.take(stream, serve, most),
            Err(error) => {
                log::warn!("a connection could not be taken: {error}");
                thread::sleep(PAUSE);
            }
        }
    }
}

impl Clients {
    /// Answers a connection in a thread of its own, or says that there are too many.
    fn take(self: &Arc<Self>, stream: UnixStream, serve: &Arc<Serve>, most: usize) {
        let mut open = self.open();
        open.threads.retain(|thread| !thread.is_finished());
        if open.is_ending {
            return;
        }
        if open.streams.len() >= most {
            drop(open);
            turn_away(stream, most);
            return;
        }
        let Ok(kept) = stream.try_clone() else {
            return log::warn!("a connection could not be taken: no descriptor is left");
        };
        let number = open.next;
        open.next += 1;
        open.streams.insert(number, kept);
        let (clients, serve) = (Arc::clone(self), Arc::clone(serve));
        let started = thread::Builder::new().name(format!("client {number}")).spawn(move || {
            let _place = Place { clients, number };
            if let Err(error) = answer(&stream, &*serve)
                && error.kind() != ErrorKind::BrokenPipe
            {
                log::debug!("client {number}: {error}");
            }
        });
        match started {
            Ok(thread) => open.threads.push(thread),
            Err(error) => {
                open.streams.remove(&number);
                log::warn!("a connection could not be taken: {error}");
            }
        }
    }

    fn drain(&self) {
        let threads = {
            let mut open = self.open();
            open.is_ending = true;
            // What has arrived can still be read, and answered; after it comes the end.
            open.streams.values().for_each(|stream| drop(stream.shutdown(Shutdown::Read)));
            std::mem::take(&mut open.threads)
        };
        wait(&threads, LONGEST_DRAIN);
        self.open().streams.values().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        // Who does not end then waits for something else than its client, and is left.
        wait(&threads, LAST_WORDS);
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until all have ended, or the time is over.
fn wait(threads: &[JoinHandle<()>], most: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < most && !threads.iter().all(JoinHandle::is_finished) {
        thread::sleep(LOOK);
    }
}

/// A connection's place, which is free again when its thread ends, however it does.
struct Place {
    clients: Arc<Clients>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.clients.open().streams.remove(&self.number);
    }
}

fn answer(stream: &UnixStream, serve: &Serve) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    serve(stream)?;
    stream.shutdown(Shutdown::Write)
}

fn turn_away(mut stream: UnixStream, most: usize) {
    let message = format!(
        "{most} connections are open, as many as are allowed (input.max_connections); close one, or use it for more"
    );
    // A client that does not read is none of ours.
    let _ = stream.set_nonblocking(true).and_then(|()| writeln!(stream, "{}", refused("busy", None, &message)));
}
