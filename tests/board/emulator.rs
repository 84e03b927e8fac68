//! QEMU's `virt` machine: booted, listened to, and shot.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The processors that are tried. Pointer authentication by the architecture's own algorithm would take most of the time.
pub(crate) const CORES: [&str; 3] = ["cortex-a53", "cortex-a72", "max,pauth-impdef=on"];

/// What differs from one start to the next.
pub(crate) struct Setup<'a> {
    pub(crate) core: &'a str,
    pub(crate) has_network: bool,
    /// The clock stands at 1970, as on a board without a battery.
    pub(crate) is_1970: bool,
}

/// A board that runs.
pub(crate) struct Board {
    child: Child,
    /// Where QEMU takes orders (QMP).
    orders: PathBuf,
    lines: Receiver<String>,
}

impl Board {
    /// Boots an image with a data disk. What the console says is also kept in a file.
    pub(crate) fn boot(kernel: &Path, image: &Path, disk: &Path, console: &Path, setup: &Setup<'_>) -> Self {
        let mut command = Command::new("qemu-system-aarch64");
        command
            .args(["-M", "virt", "-cpu", setup.core, "-smp", "2", "-m", "128", "-display", "none", "-monitor", "none"]);
        command.args(["-serial", "stdio", "-no-reboot", "-append", "console=ttyAMA0 quiet panic=-1"]);
        command.arg("-kernel").arg(kernel).arg("-initrd").arg(image);
        // The guest's own flushes reach the file, and nothing else is forced: as with an eMMC.
        let drive = format!("if=none,id=data,file={},format=raw,cache=writeback", disk.display());
        command.args(["-drive", &drive, "-device", "virtio-blk-device,drive=data"]);
        match setup.has_network {
            true => command.args(["-netdev", "user,id=net0", "-device", "virtio-net-device,netdev=net0"]),
            false => command.args(["-nic", "none"]),
        };
        let orders = console.with_extension("qmp");
        command.arg("-qmp").arg(format!("unix:{},server=on,wait=off", orders.display()));
        if setup.is_1970 {
            command.args(["-rtc", "base=1970-01-01"]);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut kept = std::fs::File::create(console).unwrap();
        std::thread::spawn(move || {
            for line in output.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                let _ = writeln!(kept, "{line}");
                if to.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, orders, lines }
    }

    /// Listens until `is_enough` says so, the time is over, or the board is off; gives what it said.
    pub(crate) fn listen(&self, time: Duration, mut is_enough: impl FnMut(&str) -> bool) -> Vec<String> {
        let begun = Instant::now();
        let mut said = Vec::new();
        while let Some(left) = time.checked_sub(begun.elapsed()) {
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    let enough = is_enough(&line);
                    said.push(line);
                    if enough {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        said
    }

    /// Pulls the network's cable.
    pub(crate) fn unplug(&self) {
        let mut orders = UnixStream::connect(&self.orders).unwrap();
        let mut replies = BufReader::new(orders.try_clone().unwrap()).lines().map(|line| line.unwrap());
        let greeting = replies.next().unwrap();
        assert!(greeting.contains("QMP"), "{greeting}");
        for order in [
            r#"{"execute": "qmp_capabilities"}"#,
            r#"{"execute": "set_link", "arguments": {"name": "net0", "up": false}}"#,
        ] {
            writeln!(orders, "{order}").unwrap();
            // What happens on the board may be told in between.
            let reply = replies.find(|line| !line.contains("\"event\"")).unwrap();
            assert!(reply.contains("\"return\""), "{order}: {reply}");
        }
    }

    /// Pulls the power, and gives what the console had said by then.
    pub(crate) fn shoot(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.lines.iter().collect()
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
