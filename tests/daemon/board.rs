//! A board: a state directory, a configuration, and the daemon as its service manager would run it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use dunlin_bundle::Parts;
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::level_model::level_parts;
use dunlin_tests::signing::TestKey;
use serde_json::{Value, json};

/// Longest wait for anything that the daemon is expected to do.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Board {
    dir: tempfile::TempDir,
    pub(crate) key: TestKey,
}

/// A daemon that runs.
pub(crate) struct Daemon {
    child: Child,
    notices: UnixDatagram,
}

impl Board {
    /// With a key, the bundle `tiny.dunlin` and a configuration that answers on `socket`.
    pub(crate) fn new() -> Self {
        let board = Self { dir: tempfile::tempdir().unwrap(), key: TestKey::generate() };
        board.write("team.pub", &board.key.public_text());
        board.pack("tiny.dunlin", &tiny_parts());
        board.write("dunlind.toml", &board.config(""));
        board
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn pack(&self, name: &str, parts: &Parts) {
        std::fs::write(self.path(name), self.key.sign_bundle(parts.write().unwrap()).unwrap()).unwrap();
    }

    /// The usual configuration and more.
    pub(crate) fn config(&self, more: &str) -> String {
        let at = |name: &str| self.path(name).display().to_string();
        format!(
            "state_directory = {:?}\nmodel = \"tiny\"\nbundle = {:?}\nkeys = [{:?}]\ndurability = \"sync\"\ncontrol = {:?}\n[input]\nsocket = {:?}\n{more}",
            at("state"),
            at("tiny.dunlin"),
            at("team.pub"),
            at("control"),
            at("socket")
        )
    }

    /// The same with the model `level`, which takes windows of four samples, and more.
    pub(crate) fn takes_windows(&self, more: &str) {
        self.pack("tiny.dunlin", &level_parts());
        self.write("dunlind.toml", &self.config(more).replace("\"tiny\"", "\"level\""));
    }

    /// What `dunlin ctl` says: exit code and document.
    pub(crate) fn ctl(&self, question: &str) -> (i32, Value) {
        let asked = self.asks(&["--json", "ctl", question]);
        let text = String::from_utf8(asked.stdout).unwrap();
        let document = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        (asked.status.code().unwrap(), document)
    }

    /// The same for people.
    pub(crate) fn ctl_text(&self, question: &str) -> String {
        String::from_utf8(self.asks(&["ctl", question]).stdout).unwrap()
    }

    fn asks(&self, words: &[&str]) -> std::process::Output {
        let mut command = Command::new(dunlin_tests::binary());
        command.args(words).arg("--socket").arg(self.path("control")).output().unwrap()
    }

    /// The program with this board's configuration, and nothing of the machine's.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(dunlin_tests::daemon());
        command.env_clear().env("RUST_BACKTRACE", "1").arg("--config").arg(self.path("dunlind.toml"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs to the end: exit code, and what was logged.
    pub(crate) fn ends(&self, configure: impl FnOnce(&mut Command) -> &mut Command) -> (i32, String) {
        let mut command = self.command();
        configure(&mut command);
        let ended = command.output().unwrap();
        (ended.status.code().unwrap_or(-1), String::from_utf8_lossy(&ended.stderr).into_owned())
    }

    /// Starts it and waits until it says that it is ready.
    pub(crate) fn start(&self, configure: impl FnOnce(&mut Command) -> &mut Command) -> Daemon {
        let place = self.path("notify");
        let _ = std::fs::remove_file(&place);
        let notices = UnixDatagram::bind(&place).unwrap();
        notices.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = self.command();
        command.env("NOTIFY_SOCKET", &place);
        configure(&mut command);
        let daemon = Daemon { child: command.spawn().unwrap(), notices };
        daemon.says("READY=1");
        daemon
    }

    pub(crate) fn client(&self) -> Client {
        Client::of(UnixStream::connect(self.path("socket")).unwrap())
    }
}

impl Daemon {
    /// Waits until the service manager is told something.
    pub(crate) fn says(&self, expected: &str) {
        let mut notice = [0; 256];
        loop {
            let length = self.notices.recv(&mut notice).unwrap_or_else(|e| panic!("{expected} is not said: {e}"));
            if notice[..length].split(|byte| *byte == b'\n').any(|line| line == expected.as_bytes()) {
                return;
            }
        }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for the end: status, and what was logged.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "the daemon does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        std::io::Read::read_to_string(&mut stderr, &mut log).unwrap();
        (self.child.wait().unwrap(), log)
    }

    /// Ends it in order, and gives what it logged.
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        self.says("STOPPING=1");
        let (status, log) = self.end();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Client {
    stream: UnixStream,
    answers: BufReader<UnixStream>,
}

impl Client {
    fn of(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { answers: BufReader::new(stream.try_clone().unwrap()), stream }
    }

    /// Longest wait for the daemon to take what is sent.
    pub(crate) fn patience(&self, time: Duration) {
        self.stream.set_write_timeout(Some(time)).unwrap();
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next line; none where the daemon has closed.
    pub(crate) fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        let length = self.answers.read_line(&mut line).unwrap_or(0);
        (length > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    pub(crate) fn ask(&mut self, line: &Value) -> Value {
        self.send(format!("{line}\n").as_bytes()).unwrap();
        self.line().unwrap()
    }
}

pub(crate) fn record() -> Value {
    json!({"age": 40, "visits": 3, "colour": "red", "member": true, "income": 900})
}

/// The code of a refusal.
pub(crate) fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_else(|| panic!("{answer} is no refusal"))
}
