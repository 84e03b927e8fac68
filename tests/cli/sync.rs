//! `dunlin sync` against a receiver on loopback, and against whatever stands between.

use std::collections::BTreeSet;
use std::process::Command;

use dunlin::journal::Reader;
use dunlin::monitor::MonitorConfig;
use dunlin::{Config, Record, Runtime};
use dunlin_tests::binary;
use dunlin_tests::fixture::records;
use serde_json::Value;

use crate::program::{Desk, Ended};
use crate::receiver::{Receiver, Say};

const TOKEN: &str = "correct-horse-battery-staple";
/// Rows of a window, the fewest that there can be.
const ROWS: u64 = 50;

/// A desk whose folder `device` has this many closed windows waiting.
fn desk(windows: u64) -> Desk {
    let desk = Desk::new();
    let config = Config::new(desk.path("device"), desk.key.trusted());
    let runtime = Runtime::open(config.monitor(MonitorConfig { window_rows: ROWS, ..MonitorConfig::default() }));
    runtime.install(&desk.path("tiny.dunlin")).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    for record in records().iter().cycle().take((windows * ROWS) as usize) {
        let record = Record::from_json(session.schema(), record).expect("the record is good");
        session.predict(&record).expect("it is answered");
    }
    drop(session);
    runtime.close().expect("the folder is in order");
    assert_eq!(reader(&desk).waiting().expect("readable").len() as u64, windows);
    desk
}

fn reader(desk: &Desk) -> Reader {
    Reader::open(&desk.path("device")).expect("the journal is there")
}

fn sync(desk: &Desk, url: &str, more: &[&str]) -> Ended {
    desk.run(&[&["sync", "device", "--url", url, "--timeout", "1"], more].concat())
}

/// The windows of the folder, and those that the receiver took in: none twice, the same ones.
fn nothing_is_doubled_or_lost(desk: &Desk, receiver: &Receiver) {
    let closed = reader(desk).windows(None, 1000).expect("readable");
    let closed: BTreeSet<(u32, u32)> = closed.iter().map(|window| (window.epoch, window.number)).collect();
    let mut taken = BTreeSet::new();
    for envelope in receiver.taken() {
        for range in &envelope.data.windows {
            assert!(
                (range.first..=range.last).all(|number| taken.insert((range.epoch, number))),
                "a window came twice"
            );
        }
        assert_eq!(envelope.data.rows, ROWS * envelope.data.window_count());
    }
    let waiting: u64 = reader(desk).waiting().expect("readable").iter().map(|waiting| waiting.windows).sum();
    assert!(taken.is_subset(&closed));
    assert_eq!((closed.len() - taken.len()) as u64, waiting);
}

#[test]
fn everything_that_waits_is_delivered_once_and_a_second_call_has_nothing_to_do() {
    let (desk, receiver) = (desk(3), Receiver::saying([]));
    sync(&desk, receiver.url(), &[]).expect(0, &["Delivered 3 summaries", "in 3 attempts", "nothing waits any more"]);
    sync(&desk, receiver.url(), &[]).expect(0, &["nothing waits"]);
    let document = &sync(&desk, receiver.url(), &["--json"]).json()[0];
    assert_eq!(
        (&document["attempts"], &document["trouble"], &document["wait_seconds"]),
        (&0.into(), &Value::Null, &Value::Null)
    );
    assert_eq!(receiver.seen().len(), 3);
    let head = receiver.seen()[0].head.to_ascii_lowercase();
    for words in [
        "post /v1/summaries http/1.1",
        "content-type: application/cloudevents+json",
        "content-encoding: gzip",
        "user-agent: dunlin/",
    ] {
        assert!(head.contains(words), "{head}");
    }
    assert!(!head.contains("authorization"), "{head}");
    nothing_is_doubled_or_lost(&desk, &receiver);
}

#[test]
fn a_busy_receiver_is_left_alone_for_as_long_as_it_asks_and_then_gets_everything() {
    let busy = Say::This(503, "retry-after: 1\r\n".to_owned(), String::new());
    let (desk, receiver) = (desk(2), Receiver::saying([busy]));
    let document = &sync(&desk, receiver.url(), &["--json"]);
    document.expect(8, &["status 503"]);
    let document = &document.json()[0];
    assert_eq!((&document["attempts"], &document["accepted"], &document["waiting"]), (&1.into(), &0.into(), &2.into()));
    assert!((1..=2).contains(&document["wait_seconds"].as_u64().expect("it waits")), "{document}");
    sync(&desk, receiver.url(), &[]).expect(8, &["Nothing was sent", "2 summaries wait", "status 503"]);
    assert_eq!(receiver.seen().len(), 1, "nothing is sent before the wait is over");
    sync(&desk, receiver.url(), &["--wait", "5"]).expect(0, &["Delivered 2 summaries"]);
    nothing_is_doubled_or_lost(&desk, &receiver);
}

#[test]
fn nothing_but_an_acknowledgement_counts_as_delivered() {
    let this = |status, body: &str| Say::This(status, String::new(), body.to_owned());
    let other = r#"{"id": "00000000-0000-7000-8000-000000000000", "receipt": "accepted"}"#;
    let cases = [
        (this(200, "<html>Welcome to the hotel</html>"), "captive portal"),
        (this(200, "{\"id\": \u{1}"), "no acknowledgement"),
        (this(200, other), "no acknowledgement"),
        (this(204, ""), "no acknowledgement"),
        (this(404, "not here"), "check --url"),
        (this(401, ""), "--token-file"),
        (this(500, ""), "in trouble"),
        (Say::Endless, "no whole answer"),
        (Say::Flood, "longer than 64 KiB"),
        (Say::Silence, "no whole answer"),
        (Say::TakenAndCut, "broke off"),
    ];
    let (desk, receiver) = (desk(1), Receiver::saying(cases.iter().map(|(say, _)| say.clone())));
    for (at, (say, words)) in cases.iter().enumerate() {
        let ended = sync(&desk, receiver.url(), &["--now"]);
        ended.expect(8, &["Nothing was delivered", "1 summary waits", words]);
        assert_eq!(receiver.seen().len(), at + 1, "{say:?} is asked once");
    }
    // The last one had taken it in: the same bytes come again, and count once.
    sync(&desk, receiver.url(), &["--now"]).expect(0, &["Delivered 1 summary"]);
    let bodies: BTreeSet<Vec<u8>> = receiver.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies.len(), 1);
    nothing_is_doubled_or_lost(&desk, &receiver);
}

#[test]
fn a_redirect_is_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (desk, elsewhere) = (desk(1), Receiver::saying([]));
        let location = format!("location: {}/v1/summaries\r\n", elsewhere.url());
        let receiver = Receiver::saying([
            Say::This(status, location, String::new()),
            Say::This(status, String::new(), String::new()),
        ]);
        sync(&desk, receiver.url(), &[]).expect(8, &[&format!("status {status}"), "not followed"]);
        sync(&desk, receiver.url(), &["--now"]).expect(8, &[&format!("status {status}"), "not followed"]);
        assert_eq!((receiver.seen().len(), elsewhere.seen().len()), (2, 0));
        nothing_is_doubled_or_lost(&desk, &receiver);
    }
}

#[test]
fn what_the_receiver_refuses_for_good_is_lost_and_said() {
    let (desk, receiver) = (desk(2), Receiver::saying([Say::This(422, String::new(), String::new())]));
    let ended = sync(&desk, receiver.url(), &["--json"]);
    ended.expect(8, &["status 422", "lost"]);
    let document = &ended.json()[0];
    assert_eq!((&document["accepted"], &document["dropped"], &document["waiting"]), (&1.into(), &1.into(), &0.into()));
    let counters = reader(&desk).counters().expect("readable");
    assert_eq!((counters["outbox.windows_lost"], counters["outbox.windows_delivered"]), (1, 1));
    sync(&desk, receiver.url(), &[]).expect(0, &["nothing waits"]);
}

#[test]
fn no_server_and_no_network_are_named_and_nothing_is_lost() {
    let desk = desk(1);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    sync(&desk, &format!("http://{closed}"), &[]).expect(8, &["refuses the connection", "1 summary waits"]);
    sync(&desk, &format!("https://{closed}"), &["--now"]).expect(8, &["refuses the connection"]);
    let plain = Receiver::saying([]);
    sync(&desk, &plain.url().replace("http", "https"), &["--now"]).expect(8, &["1 summary waits"]);
    assert_eq!(plain.taken().len(), 0);
    let receiver = Receiver::saying([]);
    sync(&desk, receiver.url(), &["--now"]).expect(0, &["Delivered 1 summary"]);
    nothing_is_doubled_or_lost(&desk, &receiver);
}

#[test]
fn the_token_reaches_the_receiver_and_nobody_else() {
    let (desk, receiver) = (desk(1), Receiver::saying([Say::This(403, String::new(), TOKEN.to_owned())]));
    desk.write("token", format!("{TOKEN}\n"));
    private(&desk, "token");
    let mut said = String::new();
    for more in [&["--now"][..], &["--now", "--json"]] {
        let done = Command::new(binary())
            .args(["sync", "device", "--url", receiver.url(), "--token-file", "token"])
            .args(more)
            .current_dir(desk.path(""))
            .env("RUST_LOG", "trace")
            .env("ALL_PROXY", "http://127.0.0.1:1")
            .env("http_proxy", "http://127.0.0.1:1")
            .output()
            .expect("it runs");
        said.push_str(&String::from_utf8_lossy(&[done.stdout, done.stderr].concat()));
    }
    assert!(said.contains("\"accepted\":1"), "{said}");
    assert!(!said.contains(TOKEN) && !said.contains("correct-"), "{said}");
    let seen = receiver.seen();
    assert_eq!(seen.len(), 2, "a proxy of the environment decides nothing");
    assert!(seen.iter().all(|seen| seen.head.contains(&format!("uthorization: Bearer {TOKEN}\r\n"))), "{seen:?}");
}

#[test]
fn a_token_file_that_others_can_read_or_that_holds_no_token_is_refused_before_anything_is_sent() {
    let (desk, receiver) = (desk(1), Receiver::saying([]));
    desk.write("token", TOKEN);
    if cfg!(unix) {
        sync(&desk, receiver.url(), &["--token-file", "token"]).expect(5, &["chmod 600"]);
    }
    for text in ["", " \n", "two words", "one\ntwo", "t\u{f6}ken", &"a".repeat(5000)] {
        desk.write("token", text);
        private(&desk, "token");
        let ended = sync(&desk, receiver.url(), &["--token-file", "token"]);
        ended.expect(5, &["no token"]);
        assert!(!ended.err.contains("two"), "{}", ended.err);
    }
    sync(&desk, receiver.url(), &["--token-file", "missing"]).expect(1, &["missing"]);
    assert_eq!(receiver.seen().len(), 0);
}

#[test]
fn what_is_no_address_is_refused_and_a_password_in_it_is_not_repeated() {
    let desk = desk(1);
    for (url, words) in [
        ("example.com", "is no URL"),
        ("ftp://example.com", "is no URL"),
        ("http://", "is no URL"),
        ("https://a:99999", "port"),
    ] {
        sync(&desk, url, &[]).expect(2, &[words]);
    }
    let ended = sync(&desk, "https://me:hunter2@example.com", &["--json"]);
    ended.expect(2, &["bad_url", "--token-file"]);
    assert!(!format!("{}{}", ended.out, ended.err).contains("hunter2"));
}

#[test]
fn a_folder_that_is_none_or_in_use_is_named_and_none_is_made() {
    let (desk, receiver) = (desk(1), Receiver::saying([]));
    desk.run(&["sync", "devise", "--url", receiver.url()]).expect(6, &["devise", "check the path"]);
    assert!(!desk.path("devise").exists());
    std::fs::create_dir(desk.path("empty")).expect("a new folder");
    desk.run(&["sync", "empty", "--url", receiver.url()]).expect(6, &["no runtime"]);
    let lock = std::fs::File::options().write(true).open(desk.path("device/dunlin.lock")).expect("it is there");
    lock.lock().expect("nobody has it");
    sync(&desk, receiver.url(), &[]).expect(6, &["in use", "close the other process"]);
    assert_eq!(receiver.seen().len(), 0);
}

#[cfg(unix)]
fn private(desk: &Desk, name: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(desk.path(name), std::fs::Permissions::from_mode(0o600)).expect("it is ours");
}

#[cfg(not(unix))]
fn private(_: &Desk, _: &str) {}
