//! The page shows what came, and nothing that a sender put into a name runs there.

use dunlin_wire::{AlarmSummary, Severity};

use crate::client::{Running, TOKEN, envelope};

#[test]
fn the_page_shows_models_verdicts_alarms_and_losses_and_escapes_every_name() {
    let running = Running::new();
    let mut envelope = envelope("id-1", "abc", 3);
    envelope.data.reasons = [("<script>alert(1)</script>".to_owned(), 1)].into();
    envelope.data.alarms.push(AlarmSummary {
        kind: "drift\"><img src=x onerror=alert(1)>".into(),
        subject: "image.mean".into(),
        severity: Severity::Alarm,
        since_us: 0,
        windows: 1,
        test: None,
        statistic: None,
        p_value: None,
        effect: None,
        n_effective: None,
    });
    assert_eq!(running.client.upload(&envelope).status, 200);
    let answer = running.client.get("/", &[]).unwrap();
    let page = answer.text();
    for shown in ["digits 1.0.0 (1)", "accept 9", "image.mean", "rows_dropped", "&lt;script&gt;"] {
        assert!(page.contains(shown), "'{shown}' is not on the page: {page}");
    }
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    assert!(answer.header("Content-Security-Policy").starts_with("default-src 'none'"));
}

#[test]
fn a_browser_is_asked_for_the_token_and_let_in_with_it_as_password() {
    let running = Running::guarded();
    let stranger = running.client.bearing(None);
    let answer = stranger.get("/", &[]).unwrap();
    assert_eq!(answer.status, 401);
    let asked = answer.headers.get_all("WWW-Authenticate").iter().any(|v| v.to_str().unwrap().starts_with("Basic"));
    assert!(asked);
    // base64 of "me:a-token-for-tests-only".
    assert_eq!(TOKEN, "a-token-for-tests-only");
    let basic = "Basic bWU6YS10b2tlbi1mb3ItdGVzdHMtb25seQ==";
    assert_eq!(stranger.get("/", &[("Authorization", basic)]).unwrap().status, 200);
}
