//! An upload is counted once: by its id, by its windows, and after a restart too.

use dunlin_cloud::{Config, Limits, Rate, Server};
use dunlin_wire::{AlarmSummary, Severity, WindowRange};
use serde_json::json;

use crate::client::{Client, Running, TOKEN, envelope};

#[test]
fn an_upload_that_comes_a_thousand_times_is_counted_once() {
    let running = Running::new();
    let envelope = envelope("id-1", "abc", 0);
    assert_eq!(running.client.upload(&envelope).json(), json!({"id": "id-1", "receipt": "accepted"}));
    for _ in 0..999 {
        assert_eq!(running.client.upload(&envelope).json(), json!({"id": "id-1", "receipt": "duplicate"}));
    }
    let statistics = running.client.statistics();
    for (name, expected) in [
        ("uploads", 1),
        ("attempts", 1000),
        ("accepted", 1),
        ("duplicates", 999),
        ("windows", 1),
        ("windows_counted_twice", 0),
        ("windows_seen_twice", 0),
        ("installs", 1),
    ] {
        assert_eq!(statistics[name], json!(expected), "{name}");
    }
    assert_eq!(statistics["rows"], json!({"digits": 10}));
    assert_eq!(statistics["refused"], json!({}));
}

#[test]
fn one_id_from_many_clients_at_once_is_accepted_by_one_of_them() {
    let running = Running::new();
    let receipts: Vec<String> = std::thread::scope(|scope| {
        let upload = || {
            let client = Client::of(&running.client.url);
            move || client.upload(&envelope("id-1", "abc", 0)).json()["receipt"].as_str().unwrap().to_owned()
        };
        let clients: Vec<_> = (0..16).map(|_| scope.spawn(upload())).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(receipts.iter().filter(|receipt| *receipt == "accepted").count(), 1, "{receipts:?}");
    assert_eq!(running.client.statistics()["rows"], json!({"digits": 10}));
}

#[test]
fn a_window_that_comes_under_another_id_is_refused_for_ever_and_noticed() {
    let running = Running::new();
    running.client.upload(&envelope("id-1", "abc", 5));
    let mut other = envelope("id-2", "abc", 4);
    other.data.windows[0].last = 6;
    for _ in 0..2 {
        assert_eq!(running.client.upload(&other).verdict(), (422, "window_seen".into()));
    }
    // Another installation, or another opening, has windows of its own.
    assert_eq!(running.client.upload(&envelope("id-3", "def", 5)).status, 200);
    let mut other = envelope("id-4", "abc", 5);
    other.data.windows[0].epoch = 2;
    assert_eq!(running.client.upload(&other).status, 200);
    let statistics = running.client.statistics();
    assert_eq!(statistics["windows"], 3);
    assert_eq!(statistics["windows_seen_twice"], 2);
    assert_eq!(statistics["windows_counted_twice"], 0);
    assert_eq!(statistics["refused"], json!({"window_seen": 2}));
}

#[test]
fn an_id_that_comes_back_with_another_message_is_refused_and_not_called_a_duplicate() {
    let running = Running::new();
    running.client.upload(&envelope("id-1", "abc", 0));
    assert_eq!(running.client.upload(&envelope("id-1", "abc", 1)).verdict(), (422, "id_taken".into()));
    assert_eq!(running.client.statistics()["windows"], 1);
}

#[test]
fn counts_add_and_counters_are_the_largest_of_each_installation() {
    let running = Running::new();
    for (id, install, window) in [("a", "abc", 7), ("b", "abc", 3), ("c", "def", 2)] {
        assert_eq!(running.client.upload(&envelope(id, install, window)).status, 200);
    }
    let statistics = running.client.statistics();
    assert_eq!(statistics["counters"], json!({"rows_dropped": 9}));
    let model = &statistics["models"][0];
    assert_eq!(model["verdicts"], json!({"accept": 27, "abstain": 3}));
    assert_eq!((&model["installs"], &model["windows"], &model["uploads"]), (&json!(2), &json!(3), &json!(3)));
}

#[test]
fn alarms_are_counted_by_installation() {
    let running = Running::new();
    for (id, install, window) in [("a", "abc", 1), ("b", "abc", 2), ("c", "def", 1)] {
        let mut envelope = envelope(id, install, window);
        envelope.data.alarms.push(AlarmSummary {
            kind: "drift".into(),
            subject: "image.mean".into(),
            severity: Severity::Alarm,
            since_us: 5,
            windows: 2,
            test: None,
            statistic: None,
            p_value: None,
            effect: None,
            n_effective: None,
        });
        assert_eq!(running.client.upload(&envelope).status, 200);
    }
    let alarms = &running.client.statistics()["alarms"];
    assert_eq!(alarms[0]["installs"], 2);
    assert_eq!((&alarms[0]["kind"], &alarms[0]["subject"]), (&json!("drift"), &json!("image.mean")));
}

#[test]
fn a_summary_on_other_bins_than_those_of_its_model_version_is_refused_and_changes_nothing() {
    let running = Running::new();
    running.client.upload(&envelope("id-1", "abc", 0));
    let mut other = envelope("id-2", "abc", 1);
    other.data.features[0].counts.push(0);
    assert_eq!(running.client.upload(&other).verdict(), (422, "does_not_add".into()));
    // Its window is free still.
    assert_eq!(running.client.upload(&envelope("id-3", "abc", 1)).status, 200);
    assert_eq!(running.client.statistics()["rows"], json!({"digits": 20}));
}

#[test]
fn a_summary_from_the_future_is_accepted_and_marked() {
    let running = Running::new();
    let mut future = envelope("id-1", "abc", 0);
    future.data.ended_us = i64::MAX;
    assert_eq!(running.client.upload(&future).status, 200);
    assert_eq!(running.client.upload(&envelope("id-2", "abc", 1)).status, 200);
    assert_eq!(running.client.statistics()["from_the_future"], 1);
}

#[test]
fn numbers_that_are_too_large_to_add_are_kept_at_the_largest() {
    let running = Running::new();
    for window in 0..2 {
        let mut envelope = envelope(&format!("id-{window}"), "abc", window);
        envelope.data.rows = u64::MAX;
        envelope.data.verdicts = [("accept".to_owned(), u64::MAX)].into();
        envelope.data.counters = [("rows_dropped".to_owned(), u64::MAX)].into();
        assert_eq!(running.client.upload(&envelope).status, 200);
    }
    assert_eq!(running.client.statistics()["rows"], json!({"digits": u64::MAX}));
    assert_eq!(running.client.get("/", &[]).unwrap().status, 200);
}

#[test]
fn a_restart_forgets_no_id_and_no_window() {
    let running = Running::new();
    let mut both = envelope("id-1", "abc", 0);
    both.data.windows.push(WindowRange { epoch: 2, first: 0, last: 9 });
    running.client.upload(&both);
    let Running { server, data, .. } = running;
    server.unwrap().stop();
    let server = Server::start(Config::new(data.path())).unwrap();
    let client = Client::of(&server.url());
    assert_eq!(client.upload(&both).json()["receipt"], "duplicate");
    assert_eq!(client.upload(&envelope("id-2", "abc", 0)).verdict().1, "window_seen");
    assert_eq!(client.statistics()["windows"], 11);
}

#[test]
fn who_comes_too_often_is_told_when_to_come_again() {
    let slow = Rate { per_second: 0.2, burst: 2.0 };
    let running = Running::with(|config| config.limits = Limits { rate_per_token: slow, ..Limits::default() });
    let answers: Vec<_> = (0..3).map(|i| running.client.upload(&envelope(&format!("id-{i}"), "abc", i))).collect();
    assert_eq!([answers[0].status, answers[1].status], [200, 200]);
    assert_eq!(answers[2].verdict(), (429, "rate_limited".into()));
    let seconds: u64 = answers[2].header("Retry-After").parse().unwrap();
    assert!((1..=5).contains(&seconds), "{seconds}");
}

#[test]
fn only_a_good_token_opens_anything_but_the_health() {
    let running = Running::guarded();
    for token in [None, Some("a-token-for-tests-onlz"), Some("")] {
        let client = running.client.bearing(token);
        assert_eq!(client.upload(&envelope("id-1", "abc", 0)).verdict(), (401, "unauthorized".into()));
        for path in ["/", "/v1/statistics", "/v1/bundles", "/v1/bundles/x", "/v2/models/digits"] {
            let answer = client.get(path, &[]).unwrap();
            assert_eq!(answer.status, 401, "{path}");
            assert!(!answer.text().contains(TOKEN));
        }
        assert_eq!(client.post("/v2/models/digits/infer", &[], b"{}").unwrap().status, 401);
        assert_eq!(client.get("/v2/health/live", &[]).unwrap().status, 200);
    }
    assert_eq!(running.client.bearing(Some(TOKEN)).upload(&envelope("id-1", "abc", 0)).status, 200);
    assert_eq!(running.client.statistics()["refused"], json!({"unauthorized": 3}));
}
