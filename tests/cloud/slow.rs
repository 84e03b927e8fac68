//! Clients that take their time, or all the seats.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use dunlin_cloud::Limits;

use crate::client::{Running, envelope, talk};

const SHORT: Duration = Duration::from_millis(300);

fn hasty() -> Running {
    Running::with(|config| {
        config.limits = Limits { head_timeout: SHORT, body_timeout: SHORT, connections: 4, ..Limits::default() };
    })
}

#[test]
fn a_head_that_trickles_is_cut_off_and_others_are_served_meanwhile() {
    let running = hasty();
    let started = Instant::now();
    let mut slow: Vec<_> = (0..3).map(|_| running.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"POST /v1/summaries HTTP/1.1\r\nX-Slow: ").unwrap();
    }
    assert_eq!(running.client.upload(&envelope("id-1", "abc", 0)).status, 200);
    for stream in &mut slow {
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        assert!(!String::from_utf8_lossy(&heard).starts_with("HTTP/1.1 200"));
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_body_that_trickles_is_answered_with_408() {
    let running = hasty();
    let said = b"POST /v1/summaries HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json\r\n\
        Content-Encoding: gzip\r\nContent-Length: 1000\r\n\r\nsome";
    let heard = talk(running.connect(), said);
    assert!(heard.starts_with("HTTP/1.1 408"), "{heard}");
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let running = Running::new();
    let said = format!("GET /v2 HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(64 << 10));
    let heard = talk(running.connect(), said.as_bytes());
    assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 431"), "{heard}");
}

#[test]
fn who_waits_for_a_seat_is_served_when_the_idle_have_lost_theirs() {
    let running = hasty();
    let idle: Vec<_> = (0..8).map(|_| running.connect()).collect();
    assert_eq!(running.client.get("/v2/health/live", &[]).unwrap().status, 200);
    drop(idle);
}

#[test]
fn stopping_does_not_wait_for_the_idle_and_lets_go_of_the_port() {
    let mut running = Running::new();
    let _idle = running.connect();
    running.client.get("/v2/health/live", &[]).unwrap();
    let (server, started) = (running.server.take().unwrap(), Instant::now());
    let address = server.address();
    server.stop();
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    std::net::TcpListener::bind(address).expect("the port is free");
}
