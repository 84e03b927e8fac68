//! An upload that nobody takes in, by TLS: its code and its root certificates are a part of the memory of a board that talks
//! home.

use std::io::{self, Read};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use dunlin_transport::HttpTransport;

use crate::error::{CliError, Kind};

/// The server hangs up at once; this is for a system that does not let it.
const LONGEST: Duration = Duration::from_secs(5);
/// Of a greeting; what more comes is not read.
const GREETING_BYTES: usize = 1_024;

/// Begins a handshake with a server of this process's own, which then hangs up.
pub(super) fn reach_nobody() -> Result<(), CliError> {
    let failed = |error: io::Error| CliError::new(Kind::Failed, "network", format!("a socket on 127.0.0.1: {error}"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
    let url = format!("https://{}", listener.local_addr().map_err(failed)?);
    let server = thread::spawn(move || {
        // Whatever becomes of the greeting, the connection ends here.
        let _ = listener.accept().and_then(|(mut client, _)| client.read(&mut [0; GREETING_BYTES]));
    });
    let transport = HttpTransport::open(&url, None).map_err(|error| CliError::new(Kind::Failed, "network", error))?;
    // That it fails is the point.
    let _ = transport.post("/v1/summaries", "application/json", &[], LONGEST);
    // A server that panicked has hung up as well.
    let _ = server.join();
    Ok(())
}
