//! `dunlin budget`: figures that agree with each other, limits that guard, and what it refuses.

use serde_json::Value;

use crate::program::{Desk, Ended};

/// A budget of few rows: as quick as it gets.
fn budget(desk: &Desk, more: &[&str]) -> Ended {
    let usual = ["--json", "budget", "tiny.dunlin", "--key", "test.pub", "--rate", "500", "--max-rows", "1000"];
    desk.run(&[&usual[..], more].concat())
}

fn number(document: &Value, pointer: &str) -> f64 {
    document.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer} in {document}"))
}

#[test]
fn a_budget_adds_up_and_its_limits_are_judged() {
    let desk = Desk::new();
    let daemon = dunlin_tests::daemon();
    let daemon = daemon.to_str().expect("a path");
    let ended = budget(&desk, &["--daemon", daemon, "--flash", "1G"]);
    ended.expect(0, &[]);
    let document = &ended.json()[0];
    let figure = |pointer| number(document, pointer);
    let bundle = std::fs::metadata(desk.path("tiny.dunlin")).expect("the bundle").len() as f64;
    assert_eq!((figure("/flash/bundle_bytes"), figure("/flash/copies")), (bundle, 4.0));
    let parts = figure("/flash/daemon/bytes") + 4.0 * bundle + figure("/flash/journal_bytes");
    let rest = figure("/flash/wal_bytes") + figure("/flash/state_bytes");
    assert_eq!(figure("/flash/total_bytes"), parts + rest);
    assert_eq!(figure("/flash/rows_kept"), 1_000.0);
    assert!((30.0..1_000.0).contains(&figure("/flash/row_bytes")), "{document}");
    assert_eq!(figure("/uploads/windows_a_day"), 86_400.0);
    assert!(figure("/uploads/summary_bytes") > 100.0);
    assert_eq!(document["limits"][0]["exceeded"], false);
    #[cfg(target_os = "linux")]
    {
        assert!(figure("/writes/bytes_a_day") > figure("/writes/row_bytes_a_day"));
        assert!(figure("/memory/peak_while_updating_bytes") > figure("/memory/peak_bytes"));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_exceeds_a_limit_is_told_with_the_figures_and_an_exit_code_of_its_own() {
    let desk = Desk::new();
    let ended = budget(&desk, &["--ram", "1M", "--flash", "4096K", "--connections", "3"]);
    ended.expect(4, &[]);
    let limits = &ended.json()[0]["limits"];
    assert_eq!((&limits[0]["of"], &limits[0]["exceeded"]), (&"ram".into(), &true.into()));
    assert_eq!(limits[0]["limit_bytes"], 1 << 20);
    let usual = ["budget", "tiny.dunlin", "--key", "test.pub", "--rate", "500", "--max-rows", "1000", "--ram", "1M"];
    desk.run(&usual).expect(4, &["MiB of ram, and --ram allows 1.00 MiB", "too much", "give it with --daemon FILE"]);
}

#[test]
fn what_cannot_be_budgeted_is_refused_before_anything_is_measured() {
    let desk = Desk::new();
    desk.write("text", "this is no bundle");
    desk.run(&["budget", "text", "--key", "test.pub"]).expect(4, &["text: "]);
    desk.run(&["budget", "nowhere", "--key", "test.pub"]).expect(1, &["nowhere", "check the path"]);
    desk.run(&["budget", "tiny.dunlin", "--key", "text"]).expect(5, &["text"]);
    desk.run(&["budget", "tiny.dunlin"]).expect(2, &["--key"]);
    for rate in ["0", "-1", "NaN", "1e9", "inf", "often"] {
        let rate = format!("--rate={rate}");
        desk.run(&["budget", "tiny.dunlin", "--key", "test.pub", &rate]).expect(2, &["records a second"]);
    }
    for retention in ["--max-days=0", "--max-bytes=4K"] {
        budget(&desk, &[retention]).expect(2, &["keep nothing"]);
    }
    desk.run(&["budget", "tiny.dunlin", "--key", "test.pub", "--max-rows=0"]).expect(2, &["keep nothing"]);
    desk.run(&["budget", "tiny.dunlin", "--key", "test.pub", "--ram=0"]).expect(2, &["give bytes"]);
    desk.run(&["budget", "tiny.dunlin", "--key", "test.pub", "--connections=0"]).expect(2, &["--connections"]);
    budget(&desk, &["--daemon", "text"]).expect(1, &["text: no program of Linux"]);
}
