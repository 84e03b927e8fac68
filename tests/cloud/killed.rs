//! A server that is killed while devices upload has everything that it acknowledged, once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dunlin_wire::encode;

use crate::client::{Client, envelope};
use crate::command::Serving;

const KILLS: u32 = 4;
const CLIENTS: u32 = 4;

#[test]
fn a_killed_server_loses_nothing_that_it_acknowledged_and_counts_nothing_twice() {
    let data = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<(String, u32)> = Vec::new();
    let mut next = 0;
    for kill in 0..KILLS {
        let serving = Serving::start(data.path(), &[]);
        let ended = AtomicBool::new(false);
        let kept = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let (url, ended) = (serving.client.url.clone(), &ended);
                    scope.spawn(move || upload_until(&url, ended, next + client))
                })
                .collect();
            std::thread::sleep(Duration::from_millis(150 + 70 * u64::from(kill)));
            serving.kill();
            ended.store(true, Ordering::Relaxed);
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(!kept.is_empty(), "nothing was acknowledged before the kill");
        next = 1_000_000 * (kill + 1);
        acknowledged.extend(kept);
    }
    let serving = Serving::start(data.path(), &[]);
    for (id, window) in &acknowledged {
        let mut answer = serving.client.upload(&envelope(id, "abc", *window));
        while answer.status == 429 {
            // A quick machine comes against the rate limit here.
            std::thread::sleep(Duration::from_millis(100));
            answer = serving.client.upload(&envelope(id, "abc", *window));
        }
        assert_eq!(answer.json()["receipt"], "duplicate", "{id}");
    }
    let statistics = serving.client.statistics();
    assert_eq!(statistics["windows_counted_twice"], 0);
    let uploads = statistics["uploads"].as_u64().unwrap();
    // An upload may have been stored and its acknowledgement lost: one a client and kill.
    let most = acknowledged.len() as u64 + u64::from(KILLS * CLIENTS);
    assert!((acknowledged.len() as u64..=most).contains(&uploads), "{uploads} of {}", acknowledged.len());
    assert_eq!(statistics["windows"], uploads);
    assert_eq!(statistics["rows"]["digits"], 10 * uploads);
    eprintln!("{} acknowledged over {KILLS} kills, {uploads} stored", acknowledged.len());
}

/// Uploads one window after another; returns what was acknowledged.
fn upload_until(url: &str, ended: &AtomicBool, first: u32) -> Vec<(String, u32)> {
    let client = Client::with_patience(url, Duration::from_secs(3));
    let mut acknowledged = Vec::new();
    let mut window = first;
    while !ended.load(Ordering::Relaxed) {
        let id = format!("id-{window}");
        let body = encode(&envelope(&id, "abc", window)).unwrap();
        if client.send(&body).is_ok_and(|answer| answer.status == 200 && answer.json()["id"] == *id) {
            acknowledged.push((id, window));
        }
        window += CLIENTS;
    }
    acknowledged
}
