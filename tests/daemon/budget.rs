//! What `dunlin budget` promises of a board, held against the daemon itself.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::board::{Board, Client, Daemon, record};
use crate::memory_group::MemoryGroup;

/// Rows of the journal, in the budget and in the daemon's configuration: few, so that it is soon full.
const MAX_ROWS: u32 = 2_000;
/// How far off the bytes that were promised to be written may be: a file system writes back when it likes.
const TOLERANCE: f64 = 0.5;

/// A board that keeps few rows, at one durability.
fn board(durability: &str) -> Board {
    let board = Board::new();
    let config = board.config(&format!("[journal]\nmax_rows = {MAX_ROWS}\n"));
    board.write("dunlind.toml", &config.replace("\"sync\"", &format!("{durability:?}")));
    board
}

/// The budget of that board.
fn budget(board: &Board, durability: &str, rate: u32) -> Value {
    let (rate, rows) = (rate.to_string(), MAX_ROWS.to_string());
    let mut command = Command::new(dunlin_tests::binary());
    command.args(["--json", "budget"]).arg(board.path("tiny.dunlin")).arg("--key").arg(board.path("team.pub"));
    let said = command.args(["--rate", &rate, "--durability", durability, "--max-rows", &rows]).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
    serde_json::from_slice(&said.stdout).unwrap()
}

/// Asks at a rate for so long, and tells how many were answered.
fn ask(client: &mut Client, rate: u32, time: Duration) -> u32 {
    let (begun, line, mut asked) = (Instant::now(), record(), 0);
    while begun.elapsed() < time {
        assert!(client.ask(&line).get("verdict").is_some());
        asked += 1;
        std::thread::sleep((Duration::from_secs(1) * asked / rate).saturating_sub(begun.elapsed()));
    }
    asked
}

/// Makes the journal full.
fn fill(client: &mut Client) {
    (0..MAX_ROWS + 500).for_each(|_| drop(client.ask(&record())));
}

/// A number of a file of /proc about the daemon.
fn told(daemon: &Daemon, file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/{file}", daemon.id())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn holds(durability: &str, rate: u32, time: Duration) {
    let board = board(durability);
    let budget = budget(&board, durability, rate);
    let daemon = board.start(|command| command);
    let mut client = board.client();
    fill(&mut client);
    let before = told(&daemon, "io", "write_bytes:");
    let asked = ask(&mut client, rate, time);
    // The last rows wait for their commit.
    std::thread::sleep(Duration::from_millis(1_200));
    let written = told(&daemon, "io", "write_bytes:") - before;
    let (peak, promised) = (told(&daemon, "status", "VmHWM:") << 10, budget["memory"]["peak_bytes"].as_u64().unwrap());
    eprintln!("{durability} at {rate}: {asked} asked, {written} bytes written, peak {peak} of {promised}");
    assert!(peak <= promised && promised <= 2 * peak, "peak {peak}, promised {promised}");
    // A machine that is too busy for the rate makes smaller commits, and more of them.
    let is_slow = f64::from(asked) < 0.9 * f64::from(rate) * time.as_secs_f64();
    if written == 0 || is_slow {
        eprintln!("SKIPPED the bytes written: the temporary folder is in memory, or the rate was not held");
        return;
    }
    let a_day = written as f64 / f64::from(asked) * f64::from(rate) * 86_400.0;
    let promised = budget["writes"]["bytes_a_day"].as_f64().unwrap();
    assert!((a_day / promised - 1.0).abs() <= TOLERANCE, "written {a_day} a day, promised {promised}");
    daemon.stop();
}

#[test]
fn a_batched_daemon_keeps_to_the_memory_and_the_writes_of_its_budget() {
    holds("batched", 500, Duration::from_secs(18));
}

#[test]
fn a_daemon_in_sync_mode_keeps_to_the_memory_and_the_writes_of_its_budget() {
    holds("sync", 50, Duration::from_secs(8));
}

#[test]
fn the_daemon_lives_and_answers_in_no_more_memory_than_was_promised() {
    let board = board("batched");
    let budget = budget(&board, "batched", 500);
    let promised = budget["memory"]["peak_bytes"].as_u64().unwrap();
    let Some(group) = MemoryGroup::new("dunlin-budget-test", promised) else {
        eprintln!("SKIPPED the limit of memory: no group of processes with one can be made here");
        return;
    };
    let daemon = board.start(|command| {
        let mut inside = Command::new("/bin/sh");
        inside.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(group.members()).arg(command.get_program());
        inside.args(command.get_args()).envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        inside.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        *command = inside;
        command
    });
    let mut client = board.client();
    fill(&mut client);
    ask(&mut client, 500, Duration::from_secs(6));
    eprintln!("{} of {promised} bytes charged at most", group.peak_bytes());
    assert_eq!(group.killed(), 0);
    daemon.stop();
}
