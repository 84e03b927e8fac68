//! Bodies that are no summaries: each is refused with its status, and nothing of it is kept.

use std::io::Write as _;

use dunlin_wire::limits::{MAX_BODY_BYTES, MAX_DECODED_BYTES};
use dunlin_wire::{Envelope, encode};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::client::{Running, envelope, talk};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap()
}

fn changed(path: &str, value: serde_json::Value) -> Vec<u8> {
    let mut json = serde_json::to_value(envelope("id-1", "abc", 0)).unwrap();
    *json.pointer_mut(path).unwrap() = value;
    gzip(json.to_string().as_bytes())
}

#[test]
fn what_is_no_summary_is_refused_with_its_status_and_leaves_nothing() {
    let running = Running::new();
    let whole = encode(&envelope("id-1", "abc", 0)).unwrap();
    for (body, status, code) in [
        (b"{}".to_vec(), 400, "not_gzip"),
        (vec![], 400, "not_gzip"),
        (whole[..whole.len() / 2].to_vec(), 400, "not_gzip"),
        (gzip(b"not json"), 400, "malformed"),
        (gzip(b"{\"type\": \"dev.dunlin.summary.v1\"}"), 400, "malformed"),
        (gzip(&[b'['; 100_000]), 400, "malformed"),
        (changed("/data/rows", json!("ten")), 400, "malformed"),
        (changed("/type", json!("dev.dunlin.summary.v2")), 422, "unsupported"),
        (changed("/data/format", json!("2.0")), 422, "unsupported"),
        (changed("/data/rows", json!(11)), 422, "bad_field"),
        (changed("/data/windows", json!([{"epoch": 1, "first": 0, "last": u32::MAX}])), 422, "bad_field"),
        (changed("/id", json!("'; DROP TABLE upload; --")), 422, "bad_field"),
        (gzip(&vec![b' '; MAX_DECODED_BYTES + 1]), 413, "too_large"),
        (vec![0; MAX_BODY_BYTES + 1], 413, "too_large"),
        (vec![0; 4 * MAX_BODY_BYTES], 413, "too_large"),
    ] {
        assert_eq!(running.client.send(&body).unwrap().verdict(), (status, code.to_owned()), "{} bytes", body.len());
    }
    let statistics = running.client.statistics();
    assert_eq!((&statistics["uploads"], &statistics["windows"]), (&json!(0), &json!(0)));
    assert_eq!(running.client.upload(&envelope("id-1", "abc", 0)).json()["receipt"], "accepted");
}

#[test]
fn another_content_type_or_encoding_is_refused_as_that() {
    let running = Running::new();
    let body = encode(&envelope("id-1", "abc", 0)).unwrap();
    let event = ("Content-Type", "application/cloudevents+json");
    for headers in [
        vec![("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
        vec![event],
        vec![event, ("Content-Encoding", "br")],
        vec![],
    ] {
        let answer = running.client.post("/v1/summaries", &headers, &body).unwrap();
        assert_eq!(answer.verdict(), (415, "unsupported_media".into()), "{headers:?}");
    }
    let headers = [("Content-Type", "Application/CloudEvents+JSON; charset=utf-8"), ("Content-Encoding", "GZIP")];
    assert_eq!(running.client.post("/v1/summaries", &headers, &body).unwrap().status, 200);
}

#[test]
fn a_body_without_a_length_is_refused_when_it_has_become_too_large() {
    let running = Running::new();
    let mut request = b"POST /v1/summaries HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json\r\n\
        Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        .to_vec();
    let chunk = vec![b'x'; 1 << 16];
    for _ in 0..5 {
        request.extend_from_slice(b"10000\r\n");
        request.extend_from_slice(&chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    let heard = talk(running.connect(), &request);
    assert!(heard.starts_with("HTTP/1.1 413"), "{heard}");
}

#[test]
fn bytes_that_are_no_http_do_not_stop_the_server() {
    let running = Running::new();
    for said in [&b"\0\0\0\0\r\n\r\n"[..], b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n"] {
        let stream = running.connect();
        stream.set_read_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
        let heard = talk(stream, said);
        assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 4"), "{heard}");
    }
    assert_eq!(running.client.get("/v2/health/live", &[]).unwrap().status, 200);
}

#[test]
fn an_unknown_path_and_an_unknown_method_are_told_apart() {
    let running = Running::new();
    assert_eq!(running.client.get("/nothing", &[]).unwrap().verdict(), (404, "no_such_path".into()));
    assert_eq!(running.client.get("/v1/summaries", &[]).unwrap().verdict(), (405, "no_such_method".into()));
}

#[test]
fn names_that_a_sender_made_up_do_not_make_the_counts_of_a_version_grow_for_ever() {
    let running = Running::new();
    let mut refused = 0;
    for window in 0..4 {
        let mut envelope: Envelope = envelope(&format!("id-{window}"), "abc", window);
        envelope.data.reasons = (0..500).map(|i| (format!("reason {window} {i}"), 1)).collect();
        refused += u32::from(running.client.upload(&envelope).status == 422);
    }
    assert_eq!(refused, 2);
}
