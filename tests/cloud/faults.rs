//! Each fault does what it says, to one attempt, and stores what it says.

use std::time::Duration;

use serde_json::json;

use crate::client::{Client, Running, envelope};

#[test]
fn a_status_is_answered_with_its_retry_after_and_nothing_is_stored() {
    let running = Running::faulty("503/7,429,ok");
    let envelope = envelope("id-1", "abc", 0);
    let answer = running.client.upload(&envelope);
    assert_eq!((answer.status, answer.header("Retry-After")), (503, "7"));
    let answer = running.client.upload(&envelope);
    assert_eq!((answer.status, answer.header("Retry-After")), (429, ""));
    assert_eq!(running.client.statistics()["uploads"], 0);
    assert_eq!(running.client.upload(&envelope).json(), json!({"id": "id-1", "receipt": "accepted"}));
    let statistics = running.client.statistics();
    assert_eq!((&statistics["attempts"], &statistics["faults"]), (&json!(3), &json!(2)));
}

#[test]
fn a_cut_answer_breaks_off_after_the_summary_was_stored() {
    let running = Running::faulty("cut");
    let envelope = envelope("id-1", "abc", 0);
    let body = dunlin_wire::encode(&envelope).unwrap();
    running.client.send(&body).expect_err("the answer breaks off");
    assert_eq!(running.client.statistics()["uploads"], 1);
    assert_eq!(running.client.upload(&envelope).json()["receipt"], "duplicate");
    assert_eq!(running.client.statistics()["rows"], json!({"digits": 10}));
}

#[test]
fn a_cut_request_gets_no_answer_and_stores_nothing() {
    let running = Running::faulty("cut-request");
    let envelope = envelope("id-1", "abc", 0);
    running.client.send(&dunlin_wire::encode(&envelope).unwrap()).expect_err("there is no answer");
    assert_eq!(running.client.statistics()["uploads"], 0);
    assert_eq!(running.client.upload(&envelope).json()["receipt"], "accepted");
}

#[test]
fn answers_that_look_like_success_and_are_none_store_nothing() {
    let running = Running::faulty("captive,wrong-id,garbage,redirect");
    let envelope = envelope("id-1", "abc", 0);
    let captive = running.client.upload(&envelope);
    assert_eq!((captive.status, captive.header("Content-Type")), (200, "text/html; charset=utf-8"));
    let wrong_id = running.client.upload(&envelope);
    assert_eq!(wrong_id.status, 200);
    assert!(wrong_id.json()["id"] != "id-1" && wrong_id.json()["receipt"] == "accepted");
    let garbage = running.client.upload(&envelope);
    assert!(garbage.status == 200 && serde_json::from_slice::<serde_json::Value>(&garbage.body).is_err());
    let redirect = running.client.upload(&envelope);
    assert_eq!((redirect.status, redirect.header("Location")), (302, "/elsewhere"));
    assert_eq!(running.client.statistics()["uploads"], 0);
    assert_eq!(running.client.upload(&envelope).json()["receipt"], "accepted");
}

#[test]
fn an_endless_answer_and_none_at_all_outlast_the_client_and_store_nothing() {
    let running = Running::faulty("endless,hang");
    let envelope = envelope("id-1", "abc", 0);
    let impatient = Client::with_patience(&running.client.url, Duration::from_millis(400));
    for _ in 0..2 {
        impatient.send(&dunlin_wire::encode(&envelope).unwrap()).expect_err("it takes too long");
    }
    assert_eq!(running.client.statistics()["uploads"], 0);
    assert_eq!(running.client.upload(&envelope).json()["receipt"], "accepted");
}
