//! `dunlin serve` as an operator meets it: what it prints, how it ends, what it says when it cannot start.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use dunlin_tests::binary;

use crate::client::{Client, Running, TOKEN, envelope, golden};

/// The real program, serving. Killed when dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) client: Client,
}

impl Serving {
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("it said: {line}"));
        Self { client: Client::of(url), child }
    }

    /// SIGKILL: nothing is finished, nothing is told.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    #[cfg(unix)]
    fn terminate(mut self, signal: &str) -> ExitStatus {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `dunlin serve` where it does not start: its code and what it said.
fn refused(arguments: &[&str]) -> (i32, String) {
    let done = Command::new(binary()).arg("serve").args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    (done.status.code().unwrap(), said)
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_with_code_zero_and_what_it_had_is_there_the_next_time() {
    let data = tempfile::tempdir().unwrap();
    for (signal, receipt) in [("-TERM", "accepted"), ("-INT", "duplicate")] {
        let serving = Serving::start(data.path(), &[]);
        assert_eq!(serving.client.upload(&envelope("id-1", "abc", 0)).json()["receipt"], receipt);
        assert_eq!(serving.terminate(signal).code(), Some(0));
    }
}

#[test]
fn it_answers_with_bundles_behind_a_token_and_writes_its_port() {
    let desk = tempfile::tempdir().unwrap();
    let path = |name: &str| desk.path().join(name).display().to_string();
    std::fs::create_dir(path("bundles")).unwrap();
    std::fs::copy(golden("digits-q8_0.dunlin"), desk.path().join("bundles/d.dunlin")).unwrap();
    std::fs::write(path("token"), format!("# for tests\n{TOKEN}\n")).unwrap();
    let key = golden("demo.pub").display().to_string();
    let more =
        ["--bundles", &path("bundles"), "--key", &key, "--token-file", &path("token"), "--port-file", &path("port")];
    let mut serving = Serving::start(&desk.path().join("data"), &[&more[..], &["--fault", "503/1"]].concat());
    let port = std::fs::read_to_string(path("port")).unwrap();
    assert!(serving.client.url.ends_with(&format!(":{}", port.trim())));
    assert_eq!(serving.client.get("/v2/models/digits", &[]).unwrap().status, 401);
    serving.client.token = Some(TOKEN.to_owned());
    assert_eq!(serving.client.get("/v2/models/digits", &[]).unwrap().status, 200);
    let statuses = [0, 1].map(|_| serving.client.upload(&envelope("id-1", "abc", 0)).status);
    assert_eq!(statuses, [503, 200]);
}

#[test]
fn what_keeps_it_from_starting_is_said_with_its_exit_code() {
    let running = Running::new();
    let taken = running.server.as_ref().unwrap().address().to_string();
    let desk = tempfile::tempdir().unwrap();
    let path = |name: &str| desk.path().join(name).display().to_string();
    std::fs::write(path("short"), "short\n").unwrap();
    std::fs::write(path("file"), "").unwrap();
    std::fs::create_dir(path("bundles")).unwrap();
    std::fs::write(desk.path().join("bundles/bad.dunlin"), "no bundle").unwrap();
    let (data, key) = (path("data"), golden("demo.pub").display().to_string());
    let (short, file, bundles, nothing) = (path("short"), path("file"), path("bundles"), path("nothing"));
    for (arguments, code, words) in [
        (vec!["--data", &data, "--listen", &taken], 1, vec!["cannot listen on", "take another port"]),
        (vec!["--data", &data, "--listen", "0.0.0.0:0"], 1, vec!["there is no token"]),
        (vec!["--data", &data, "--token-file", &nothing], 1, vec!["nothing", "check the path"]),
        (vec!["--data", &data, "--token-file", &short], 5, vec!["short", "line 1 is no token"]),
        (vec!["--data", &data, "--token-file", &file], 5, vec!["there is no token"]),
        (vec!["--data", &file], 6, vec!["data folder"]),
        (vec!["--data", &data, "--bundles", &bundles, "--key", &key], 4, vec!["bad.dunlin"]),
        (vec!["--data", &data, "--bundles", &nothing, "--key", &key], 1, vec!["nothing"]),
        (vec!["--data", &data, "--bundles", &bundles, "--key", &file], 5, vec!["not a minisign public key"]),
        (vec!["--data", &data, "--bundles", &bundles], 2, vec!["--key"]),
        (vec!["--data", &data, "--fault", "503,cutt"], 2, vec!["'cutt' is no fault"]),
        (vec!["--data", &data, "--listen", "nowhere"], 2, vec!["--listen"]),
    ] {
        let (found, said) = refused(&arguments);
        assert_eq!(found, code, "{arguments:?}: {said}");
        words.iter().for_each(|word| assert!(said.contains(word), "'{word}' is not in: {said}"));
    }
}
