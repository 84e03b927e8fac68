//! `dunlin serve` in a process of its own, on a port of the loopback.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server that takes what arrives and gives a channel's files out; it ends with this.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
}

impl Server {
    /// Starts it with a folder for what arrives, and a channel.
    ///
    /// # Panics
    /// When it does not come up within ten seconds.
    #[must_use]
    pub fn start(data: &Path, channel: &Path) -> Self {
        let told = data.with_extension("port");
        let _ = std::fs::remove_file(&told);
        let mut command = Command::new(crate::binary());
        command.args(["serve", "--open", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.arg("--channel").arg(channel).arg("--port-file").arg(&told);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server starts");
        let port = (0..1_000).find_map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            std::fs::read_to_string(&told).ok()?.trim().parse().ok()
        });
        Self { child, port: port.expect("the server says its port") }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
