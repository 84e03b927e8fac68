//! Clients that send what no client should: each has its answer, and the others do not notice.

use serde_json::json;

use crate::board::{Board, code, record};

#[test]
fn a_line_that_is_no_record_is_refused_by_name_and_the_next_one_is_answered() {
    let board = Board::new();
    let daemon = board.start(|command| command);
    let mut client = board.client();
    let mut told = |line: &[u8]| {
        client.send(line).unwrap();
        let answer = client.line().unwrap();
        let feature = answer["error"]["feature"].as_str().unwrap_or("-").to_owned();
        (code(&answer).to_owned(), feature)
    };
    let mut unknown = record();
    unknown["height"] = json!(3);
    let mut wrong = record();
    wrong["age"] = json!("old");
    for (line, expected, feature) in [
        (b"no json\n".to_vec(), "not_an_object", "-"),
        (b"[1, 2]\n".to_vec(), "not_an_object", "-"),
        (b"{}\n".to_vec(), "missing", "age"),
        (b"\xff\xfe{}\n".to_vec(), "not_an_object", "-"),
        (format!("{unknown}\n").into_bytes(), "unknown_feature", "height"),
        (format!("{wrong}\n").into_bytes(), "wrong_type", "age"),
        (b"{\"record\": 3}\n".to_vec(), "bad_line", "-"),
        (b"{\"id\": \"never\", \"label\": \"low\"}\n".to_vec(), "bad_id", "-"),
        (b"{\"label\": \"low\"}\n".to_vec(), "bad_line", "-"),
    ] {
        assert_eq!(told(&line), (expected.to_owned(), feature.to_owned()), "{}", String::from_utf8_lossy(&line));
    }
    assert_eq!(client.ask(&record())["verdict"], "accept");
    daemon.stop();
}

#[test]
fn half_a_record_is_refused_when_its_client_goes_and_nobody_waits_for_the_rest() {
    let board = Board::new();
    let daemon = board.start(|command| command);
    let mut half = board.client();
    half.send(&record().to_string().as_bytes()[..20]).unwrap();
    assert_eq!(board.client().ask(&record())["verdict"], "accept");
    let log = daemon.stop();
    assert!(!log.contains("ERROR"), "{log}");
    assert_eq!(code(&half.line().unwrap()), "not_an_object");
}

#[test]
fn megabytes_without_a_line_end_are_refused_and_their_connection_closed() {
    let board = Board::new();
    board.write("dunlind.toml", &board.config("max_line_bytes = 1000\n"));
    let daemon = board.start(|command| command);
    let mut endless = board.client();
    // The daemon may have closed before all of it is sent.
    let _ = endless.send(&vec![b' '; 8 << 20]);
    assert!(endless.line().is_none_or(|answer| code(&answer) == "line_too_long"));
    assert_eq!(board.client().ask(&record())["verdict"], "accept");
    daemon.stop();
}

#[test]
fn ten_thousand_connections_are_turned_away_in_words_and_those_that_are_open_are_answered() {
    let board = Board::new();
    board.write("dunlind.toml", &board.config("max_connections = 2\n"));
    let daemon = board.start(|command| command);
    let mut open = [board.client(), board.client()];
    open.iter_mut().for_each(|client| assert_eq!(client.ask(&record())["verdict"], "accept"));
    for round in 0..10_000 {
        let mut client = board.client();
        if round % 1_000 == 0 {
            assert_eq!(code(&client.line().unwrap()), "busy");
        }
    }
    open.iter_mut().for_each(|client| assert_eq!(client.ask(&record())["verdict"], "accept"));
    let [first, _second] = open;
    drop(first);
    // Once one has gone there is room for another.
    let mut answered = false;
    for _ in 0..1_000 {
        let mut client = board.client();
        client.send(format!("{}\n", record()).as_bytes()).unwrap();
        answered = client.line().is_some_and(|answer| answer["verdict"] == "accept");
        if answered {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(answered);
    daemon.stop();
}
