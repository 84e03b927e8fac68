//! Clocks that jump: windows survive them, close when they should, and the jumps are counted.

use std::time::Duration;

use crate::population::{START_US, Watching};

const DAY_US: i64 = 24 * 3_600 * 1_000_000;

fn jumps(watching: &Watching) -> u64 {
    watching.runtime.health().counters["monitor.clock_jumps"]
}

#[test]
fn a_clock_set_back_a_day_within_a_window_is_counted_and_loses_nothing() {
    let mut watching = Watching::by(100);
    watching.see_usual(50);
    watching.hand.set_wall(START_US - DAY_US);
    watching.see_usual(60);
    let windows = watching.reader().windows(None, 10).unwrap();
    assert_eq!((windows.len(), windows[0].summary.rows, jumps(&watching)), (1, 100, 1));
    let summary = &windows[0].summary;
    assert!(summary.started_us <= summary.ended_us);
    assert!(summary.started_us < START_US && summary.ended_us > START_US, "the span holds both readings");
}

#[test]
fn a_clock_set_back_between_windows_neither_merges_nor_repeats_them() {
    let mut watching = Watching::by(100);
    watching.see_usual(100);
    watching.hand.set_wall(START_US - DAY_US);
    watching.see_usual(100);
    let windows = watching.reader().windows(None, 10).unwrap();
    assert_eq!(
        windows.iter().map(|w| (w.epoch, w.number, w.summary.rows)).collect::<Vec<_>>(),
        [(1, 2, 100), (1, 1, 100)]
    );
    assert_eq!(watching.reader().waiting().unwrap().len(), 2);
}

#[test]
fn a_clock_set_forward_does_not_close_a_window_before_its_time() {
    let mut watching = Watching::by(500);
    watching.see_usual(60);
    watching.hand.set_wall(START_US + 30 * DAY_US);
    watching.runtime.tick().unwrap();
    assert_eq!(watching.reader().windows(None, 10).unwrap().len(), 0, "monotonic time says that minutes have passed");
    assert_eq!(jumps(&watching), 1);
    watching.hand.advance(Duration::from_secs(25 * 3_600));
    watching.runtime.tick().unwrap();
    assert_eq!(watching.reader().windows(None, 10).unwrap().len(), 1);
}
