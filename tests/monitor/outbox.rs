//! The outbox as a host drives it: what is sent, what each answer does, and that windows are neither lost nor doubled.

use std::collections::BTreeMap;
use std::time::Duration;

use dunlin::outbox::{Link, Next, Reported, Response, Transport, TransportError, Upload};
use dunlin_wire::{Envelope, decode};

use crate::population::Watching;

const HOUR: Duration = Duration::from_secs(3_600);

fn answer(status: u16, body: impl Into<String>) -> Result<Response, TransportError> {
    Ok(Response { status, retry_after: None, body: body.into().into_bytes() })
}

fn ack(upload: &Upload) -> Result<Response, TransportError> {
    answer(200, format!(r#"{{"id": "{}", "receipt": "accepted"}}"#, upload.id))
}

fn next(watching: &Watching) -> Upload {
    match watching.runtime.next_upload(Link::Unmetered).unwrap() {
        Next::Upload(upload) => upload,
        other => panic!("{other:?}"),
    }
}

/// A receiver that counts each id once, and answers as it is told.
#[derive(Default)]
struct Receiver {
    counted: BTreeMap<String, Envelope>,
    plan: Vec<Result<Response, TransportError>>,
}

impl Transport for Receiver {
    fn send(&mut self, upload: &Upload) -> Result<Response, TransportError> {
        if !self.plan.is_empty() {
            return self.plan.remove(0);
        }
        self.counted.entry(upload.id.clone()).or_insert_with(|| decode(&upload.body).unwrap());
        ack(upload)
    }
}

impl Receiver {
    fn windows(&self) -> u64 {
        self.counted.values().map(|envelope| envelope.data.window_count()).sum()
    }

    fn rows(&self) -> u64 {
        self.counted.values().map(|envelope| envelope.data.rows).sum()
    }
}

#[test]
fn each_closed_window_is_delivered_once() {
    let mut watching = Watching::by(50);
    watching.see_usual(210);
    let mut receiver = Receiver::default();
    let report = watching.runtime.sync(&mut receiver, Link::Unmetered).unwrap();
    assert_eq!(
        (report.attempts, report.accepted, report.wait, receiver.windows(), receiver.rows()),
        (4, 4, None, 4, 200)
    );
    let again = watching.runtime.sync(&mut receiver, Link::Unmetered).unwrap();
    assert_eq!((again.attempts, receiver.windows()), (0, 4));
    assert_eq!(watching.reader().waiting().unwrap(), []);
}

#[test]
fn an_upload_keeps_its_id_and_its_bytes_through_failures_and_restarts() {
    let mut watching = Watching::by(50);
    watching.see_usual(60);
    let first = next(&watching);
    watching.see_usual(50);
    let mut watching = watching.reopen(50);
    assert_eq!(next(&watching), first, "killed before anything was reported");
    let kept = watching.runtime.report_upload(&first.id, Err(TransportError::new("cut"))).unwrap();
    assert!(matches!(kept, Reported::Kept(wait) if wait >= Duration::from_secs(20)), "{kept:?}");
    assert!(matches!(watching.runtime.next_upload(Link::Unmetered).unwrap(), Next::Wait(_)));
    watching.hand.advance(HOUR);
    watching.see_usual(1);
    assert_eq!(next(&watching), first);
    assert_eq!(watching.runtime.report_upload(&first.id, ack(&first)).unwrap(), Reported::Accepted);
    assert_eq!(watching.runtime.report_upload(&first.id, ack(&first)).unwrap(), Reported::Unknown, "reported twice");
    assert_ne!(next(&watching).id, first.id);
}

#[test]
fn waits_grow_and_survive_a_restart_and_a_clock_set_back() {
    let mut watching = Watching::by(50);
    watching.see_usual(50);
    let mut waits = Vec::new();
    for _ in 0..12 {
        let upload = next(&watching);
        match watching.runtime.report_upload(&upload.id, answer(503, "")).unwrap() {
            Reported::Kept(wait) => waits.push(wait),
            other => panic!("{other:?}"),
        }
        watching = watching.reopen(50);
        assert!(matches!(watching.runtime.next_upload(Link::Unmetered).unwrap(), Next::Wait(_)), "a restart waits on");
        watching.hand.advance(waits[waits.len() - 1]);
    }
    assert!(waits[0] < Duration::from_secs(40) && waits[11] > Duration::from_secs(4 * 3_600), "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(8 * 3_600)));
    let upload = next(&watching);
    let Reported::Kept(wait) = watching.runtime.report_upload(&upload.id, answer(503, "")).unwrap() else { panic!() };
    watching.hand.set_wall(0);
    match watching.runtime.next_upload(Link::Unmetered).unwrap() {
        Next::Wait(left) => assert!(left <= wait, "back in 1970 it does not wait for decades"),
        other => panic!("{other:?}"),
    }
    watching.hand.advance(wait);
    next(&watching);
}

#[test]
fn retry_after_is_a_floor_and_an_absurd_one_is_cut_to_a_day() {
    let mut watching = Watching::by(50);
    watching.see_usual(50);
    for (said, at_least, at_most) in [("600", 600, 750), ("31536000", 86_400, 108_000), ("soon", 20, 2_000)] {
        watching.hand.advance(HOUR * 48);
        let upload = next(&watching);
        let response = Response { status: 429, retry_after: Some(said.to_owned()), body: Vec::new() };
        let Reported::Kept(wait) = watching.runtime.report_upload(&upload.id, Ok(response)).unwrap() else { panic!() };
        assert!((at_least..=at_most).contains(&wait.as_secs()), "{said}: {wait:?}");
    }
}

#[test]
fn an_unwanted_device_pauses_until_somebody_resumes() {
    let mut watching = Watching::by(50);
    watching.see_usual(100);
    let upload = next(&watching);
    let paused = watching.runtime.report_upload(&upload.id, answer(401, "")).unwrap();
    assert!(matches!(paused, Reported::Paused(wait) if wait > HOUR));
    assert!(matches!(watching.runtime.next_upload(Link::Unmetered).unwrap(), Next::Wait(wait) if wait > HOUR));
    watching.runtime.resume_uploads().unwrap();
    assert_eq!(next(&watching), upload);
}

#[test]
fn what_is_refused_for_good_is_dropped_and_counted_and_the_next_goes_out() {
    let mut watching = Watching::by(50);
    watching.see_usual(150);
    for status in [400, 422] {
        let upload = next(&watching);
        assert_eq!(watching.runtime.report_upload(&upload.id, answer(status, "")).unwrap(), Reported::Dropped);
    }
    let mut receiver = Receiver::default();
    watching.runtime.sync(&mut receiver, Link::Unmetered).unwrap();
    let counters = watching.runtime.health().counters;
    assert_eq!((receiver.windows(), counters["outbox.windows_lost"], counters["outbox.dropped"]), (1, 2, 2));
    assert_eq!(counters["monitor.windows"], 3, "delivered and lost make up what was closed");
}

#[test]
fn what_is_too_large_goes_out_without_its_histograms_under_a_new_id() {
    let mut watching = Watching::by(50);
    watching.see_usual(50);
    let whole = next(&watching);
    assert_eq!(watching.runtime.report_upload(&whole.id, answer(413, "")).unwrap(), Reported::Shed);
    let shed = next(&watching);
    assert!(shed.id != whole.id && shed.body.len() < whole.body.len());
    let envelope = decode(&shed.body).unwrap();
    assert_eq!((envelope.data.rows, envelope.data.features.len()), (50, 0));
    assert_eq!(watching.runtime.report_upload(&shed.id, answer(413, "")).unwrap(), Reported::Dropped);
    assert_eq!(watching.runtime.health().counters["outbox.shed"], 1);
}

#[test]
fn answers_that_are_no_acknowledgement_deliver_nothing_and_double_nothing() {
    let mut watching = Watching::by(50);
    watching.see_usual(100);
    let nonsense = [
        answer(200, "<html>Welcome to the hotel</html>"),
        answer(200, r#"{"id": "another", "receipt": "accepted"}"#),
        answer(200, "x".repeat(200_000)),
        answer(302, ""),
        answer(404, ""),
        answer(500, "{}"),
        Err(TransportError::new("the connection was cut")),
    ];
    let mut receiver = Receiver { plan: nonsense.to_vec(), ..Receiver::default() };
    for _ in 0..nonsense.len() {
        let report = watching.runtime.sync(&mut receiver, Link::Unmetered).unwrap();
        assert_eq!((report.attempts, report.accepted), (1, 0));
        assert!(report.trouble.is_some() && report.wait.is_some());
        watching.hand.advance(HOUR * 12);
        watching.runtime.resume_uploads().unwrap();
    }
    watching.runtime.sync(&mut receiver, Link::Unmetered).unwrap();
    assert_eq!((receiver.windows(), receiver.rows(), receiver.counted.len()), (2, 100, 2));
    let attempts = watching.reader().uploads(100).unwrap();
    assert_eq!(attempts.iter().filter(|attempt| attempt.result == "accepted").count(), 2);
    assert_eq!(attempts.len(), 9);
}

#[test]
fn months_without_a_network_are_added_together_and_all_of_them_arrive() {
    let mut watching = Watching::by(50);
    let attempted = {
        watching.see_usual(50);
        let upload = next(&watching);
        let _ = watching.runtime.report_upload(&upload.id, Err(TransportError::new("no network"))).unwrap();
        upload
    };
    watching.see_usual(200 * 50);
    let waiting = watching.reader().waiting().unwrap();
    assert!(waiting.len() <= 64 && waiting.iter().map(|w| w.bytes).sum::<u64>() <= 128 << 10, "{}", waiting.len());
    assert_eq!(waiting[0].id, attempted.id, "what was attempted is as it was");
    assert_eq!(waiting.iter().map(|w| w.windows).sum::<u64>(), 201);
    watching.hand.advance(HOUR * 12);
    let mut receiver = Receiver::default();
    watching.runtime.sync(&mut receiver, Link::Unmetered).unwrap();
    assert_eq!((receiver.windows(), receiver.rows()), (201, 201 * 50));
    let mut all: Vec<(u32, u32)> = Vec::new();
    for range in receiver.counted.values().flat_map(|envelope| &envelope.data.windows) {
        all.extend((range.first..=range.last).map(|number| (range.epoch, number)));
    }
    let sent = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), sent), (201, 201), "no window is in two uploads");
}

#[test]
fn a_metered_link_has_an_allowance_a_day() {
    let mut watching = Watching::by(50);
    watching.see_usual(50 * 60);
    let mut receiver = Receiver::default();
    let report = watching.runtime.sync(&mut receiver, Link::Metered).unwrap();
    assert!(report.wait.is_some_and(|wait| wait > HOUR * 20), "{report:?}");
    let first = receiver.windows();
    assert!((1..60).contains(&first), "{first}");
    watching.hand.advance(HOUR * 25);
    watching.runtime.sync(&mut receiver, Link::Metered).unwrap();
    assert!(receiver.windows() > first);
    watching.runtime.sync(&mut receiver, Link::Unmetered).unwrap();
    assert_eq!(receiver.windows(), 60, "a free link takes the rest at once");
}
