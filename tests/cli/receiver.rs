//! A receiver of summaries on loopback, of a page of code: it says what a test tells it to and remembers what it was sent.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dunlin_wire::{Acknowledgement, Envelope, Receipt, decode};

/// Longest that an answer without an end, or no answer, goes on; a client that waits longer than this has failed the test.
const ENDLESS: Duration = Duration::from_secs(20);

/// What to answer to one request.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    /// It is on the disk.
    Accepted,
    /// This status, these headers, this body; nothing is taken in.
    This(u16, String, String),
    /// A body that trickles.
    Endless,
    /// A body that floods.
    Flood,
    /// Nothing.
    Silence,
    /// The connection is closed, the summary taken in.
    TakenAndCut,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether it was taken in.
    pub(crate) taken: bool,
}

/// Listens until the test ends.
pub(crate) struct Receiver {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Receiver {
    /// Answers in this order, and accepts what comes after.
    pub(crate) fn saying(script: impl IntoIterator<Item = Say>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<Say>>()));
        let all = Arc::clone(&seen);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (all, script) = (Arc::clone(&all), Arc::clone(&script));
                // A client that goes away in the middle is what some tests are about.
                std::thread::spawn(move || drop(serve(connection, &all, &script)));
            }
        });
        Self { url, seen }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no thread panics with it").clone()
    }

    /// What was taken in, each upload once.
    pub(crate) fn taken(&self) -> Vec<Envelope> {
        let mut taken: Vec<Envelope> = Vec::new();
        for seen in self.seen().iter().filter(|seen| seen.taken) {
            let envelope = decode(&seen.body).expect("what is sent can be read");
            if !taken.iter().any(|other| other.id == envelope.id) {
                taken.push(envelope);
            }
        }
        taken
    }
}

fn serve(connection: TcpStream, all: &Mutex<Vec<Seen>>, script: &Mutex<VecDeque<Say>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let say = script.lock().expect("no thread panics with it").pop_front().unwrap_or(Say::Accepted);
    let taken = matches!(say, Say::Accepted | Say::TakenAndCut);
    let known = |seen: &Seen| seen.taken && seen.body == body;
    let receipt = {
        let mut all = all.lock().expect("no thread panics with it");
        let receipt = if all.iter().any(known) { Receipt::Duplicate } else { Receipt::Accepted };
        all.push(Seen { head, body: body.clone(), taken });
        receipt
    };
    answer(connection, &say, &body, receipt)
}

fn answer(mut out: TcpStream, say: &Say, body: &[u8], receipt: Receipt) -> std::io::Result<()> {
    const UNBOUNDED: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    let until = std::time::Instant::now() + ENDLESS;
    match say {
        Say::Accepted => {
            let id = decode(body).expect("what is sent can be read").id;
            let text = serde_json::to_string(&Acknowledgement { id, receipt }).expect("it has a text");
            whole(&mut out, 200, "", &text)
        }
        Say::This(status, headers, text) => whole(&mut out, *status, headers, text),
        Say::TakenAndCut => Ok(()),
        Say::Silence => {
            // Until the client goes away.
            let mut byte = [0];
            out.set_read_timeout(Some(ENDLESS))?;
            out.read(&mut byte).map(drop)
        }
        Say::Endless => {
            out.write_all(UNBOUNDED)?;
            while std::time::Instant::now() < until {
                out.write_all(b" ")?;
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
        Say::Flood => {
            out.write_all(UNBOUNDED)?;
            while std::time::Instant::now() < until {
                out.write_all(&[b' '; 8192])?;
            }
            Ok(())
        }
    }
}

fn whole(out: &mut TcpStream, status: u16, headers: &str, text: &str) -> std::io::Result<()> {
    let length = text.len();
    let head = format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    out.write_all(head.as_bytes())?;
    out.write_all(text.as_bytes())
}
