//! Bundles are handed out whole or in parts, and nothing else is.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::client::{Running, golden, talk};

const PATH: &str = "/v1/bundles/digits-1.0.0.dunlin";

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn a_download_in_ranges_reassembles_to_the_listed_hash() {
    let running = Running::with_digits();
    let listed = running.client.get("/v1/bundles", &[]).unwrap().json()["bundles"][0].clone();
    let whole = std::fs::read(golden("digits-q8_0.dunlin")).unwrap();
    assert_eq!(
        listed,
        json!({"model_id": "digits", "version": "1.0.0", "sequence": 1, "bytes": whole.len(), "sha256": hex(&whole), "url": PATH})
    );
    let mut parts: Vec<u8> = Vec::new();
    while parts.len() < whole.len() {
        let range = format!("bytes={}-{}", parts.len(), parts.len() + 50_000);
        let answer = running.client.get(PATH, &[("Range", &range)]).unwrap();
        assert_eq!(answer.status, 206);
        let end = (parts.len() + 50_001).min(whole.len()) - 1;
        assert_eq!(answer.header("Content-Range"), format!("bytes {}-{end}/{}", parts.len(), whole.len()));
        parts.extend(answer.body);
    }
    assert_eq!(hex(&parts), listed["sha256"]);
    let answer = running.client.get(PATH, &[]).unwrap();
    assert_eq!((answer.status, answer.header("Content-Length")), (200, whole.len().to_string().as_str()));
    assert_eq!(answer.header("Accept-Ranges"), "bytes");
    assert!(answer.body == whole);
}

#[test]
fn a_range_past_the_end_is_refused_with_the_length() {
    let running = Running::with_digits();
    let answer = running.client.get(PATH, &[("Range", "bytes=99999999-")]).unwrap();
    assert_eq!(answer.verdict(), (416, "out_of_range".into()));
    assert!(answer.header("Content-Range").starts_with("bytes */"));
}

#[test]
fn what_did_not_change_is_not_sent_again_and_a_part_of_another_file_never() {
    let running = Running::with_digits();
    let tag = running.client.get(PATH, &[("Range", "bytes=0-0")]).unwrap().header("ETag").to_owned();
    assert_eq!(running.client.get(PATH, &[("If-None-Match", &tag)]).unwrap().status, 304);
    let part = |known: &str| running.client.get(PATH, &[("Range", "bytes=5-9"), ("If-Range", known)]).unwrap();
    assert_eq!((part(&tag).status, part(&tag).body.len()), (206, 5));
    assert_eq!(part("\"another\"").status, 200);
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let running = Running::with_digits();
    for path in [
        "/v1/bundles/cloud.db",
        "/v1/bundles/../cloud.db",
        "/v1/bundles/..%2fcloud.db",
        "/v1/bundles/%2e%2e%2fcloud.db",
        "/v1/bundles/..%5ccloud.db",
        "/v1/bundles//etc/passwd",
        "/v1/bundles/%2fetc%2fpasswd",
        "/v1/bundles/digits-1.0.0.dunlin%00",
        "/v1/bundles/",
    ] {
        // Byte by byte: a client would tidy the path up.
        let said = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let heard = talk(running.connect(), said.as_bytes());
        assert!(heard.starts_with("HTTP/1.1 40"), "{path}: {heard}");
    }
}

#[test]
fn what_was_verified_at_the_start_is_handed_out_even_when_the_name_has_another_file_now() {
    let running = Running::with_digits();
    let folder = running.data.path().join("bundles");
    std::fs::write(folder.join("new"), b"something else").unwrap();
    std::fs::rename(folder.join("new"), folder.join("digits-1.0.0.dunlin")).unwrap();
    std::fs::copy(golden("digits-f32.dunlin"), folder.join("later.dunlin")).unwrap();
    let answer = running.client.get(PATH, &[]).unwrap();
    assert!(answer.body == std::fs::read(golden("digits-q8_0.dunlin")).unwrap());
    assert_eq!(running.client.get("/v1/bundles/later.dunlin", &[]).unwrap().status, 404);
}
