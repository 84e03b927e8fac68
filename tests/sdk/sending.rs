//! A transport of the app's: one that fails, one that throws, one that calls back, and one that closes the runtime.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dunlin_uniffi::{
    Delivery, DunlinError, Fetch, Link, MonitorWindow, NextUpload, Reported, Response, Transport, TransportError,
    Upload,
};

use crate::lifecycle::{Files, updates};
use crate::sdk::{Sdk, good, is_closed};

/// There is no network.
pub(crate) struct Broken;

impl Transport for Broken {
    fn send(&self, _: Upload) -> Result<Response, TransportError> {
        Err(TransportError::NoAnswer { reason: "no network".to_owned() })
    }

    fn fetch(&self, _: Fetch) -> Result<Response, TransportError> {
        Err(TransportError::NoAnswer { reason: "no network".to_owned() })
    }
}

/// Does something, and answers as a receiver would that takes everything.
struct Then<F>(F, AtomicUsize);

impl<F: Fn() + Send + Sync> Then<F> {
    fn new(act: F) -> Arc<Self> {
        Arc::new(Self(act, AtomicUsize::new(0)))
    }
}

impl<F: Fn() + Send + Sync> Transport for Then<F> {
    fn send(&self, upload: Upload) -> Result<Response, TransportError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        (self.0)();
        Ok(accepted(&upload))
    }

    fn fetch(&self, fetch: Fetch) -> Result<Response, TransportError> {
        (self.0)();
        Files.fetch(fetch)
    }
}

fn accepted(upload: &Upload) -> Response {
    let body = format!(r#"{{"id": "{}", "receipt": "accepted"}}"#, upload.id).into_bytes();
    Response { status: 200, retry_after: None, body }
}

/// A runtime with one summary to send.
fn with_a_summary() -> Sdk {
    let sdk = Sdk::with(|config| config.monitor = Some(MonitorWindow { rows: Some(50), time_ms: None }));
    sdk.install_all();
    let (session, record) = (sdk.session("every"), good());
    (0..60).for_each(|_| drop(session.predict(&record).unwrap()));
    sdk.runtime.flush().unwrap();
    sdk
}

#[test]
fn what_a_transport_cannot_send_is_kept_and_told() {
    let sdk = with_a_summary();
    let report = sdk.runtime.sync(Arc::new(Broken), Link::Unmetered).unwrap();
    assert_eq!((report.attempts, report.accepted), (1, 0));
    assert!(report.wait_ms.is_some_and(|wait| wait > 0));
    assert!(report.trouble.is_some_and(|trouble| trouble.contains("no network")));
    sdk.runtime.resume_uploads().unwrap();
    let transport = Then::new(|| {});
    let report = sdk.runtime.sync(transport.clone(), Link::Unmetered).unwrap();
    assert_eq!((report.attempts, report.accepted, report.wait_ms, report.trouble), (1, 1, None, None));
    assert_eq!(transport.1.load(Ordering::Relaxed), 1);
}

#[test]
fn a_transport_may_call_the_runtime_that_calls_it() {
    let sdk = Arc::new(with_a_summary());
    let called = Arc::clone(&sdk);
    let transport = Then::new(move || {
        assert!(called.runtime.health().unwrap().ok);
        called.session("every").predict(&good()).unwrap();
        called.runtime.flush().unwrap();
        called.runtime.tick().unwrap();
    });
    let report = sdk.runtime.sync(transport, Link::Unmetered).unwrap();
    assert_eq!((report.attempts, report.accepted), (1, 1));
}

#[test]
fn a_transport_may_even_close_the_runtime_that_calls_it() {
    let sdk = Arc::new(with_a_summary());
    let called = Arc::clone(&sdk);
    let report = sdk.runtime.sync(Then::new(move || called.runtime.close().unwrap()), Link::Unmetered).unwrap();
    assert_eq!((report.attempts, report.accepted), (1, 1), "the call that was under way has finished");
    is_closed(sdk.runtime.health());
    // The folder went with the last call: somebody else may have it.
    let again = dunlin_uniffi::Runtime::open(crate::sdk::config(&sdk.folder)).unwrap();
    assert!(again.health().unwrap().ok);
    assert_eq!(again.next_upload(Link::Unmetered).unwrap(), NextUpload::Done);
}

#[test]
fn a_transport_that_panics_is_stopped_and_its_upload_is_kept() {
    let sdk = with_a_summary();
    let failed = sdk.runtime.sync(Then::new(|| panic!("thrown by the app")), Link::Unmetered);
    assert!(matches!(failed, Err(DunlinError::Internal { message }) if message.contains("thrown by the app")));
    let report = sdk.runtime.sync(Then::new(|| {}), Link::Unmetered).unwrap();
    assert_eq!((report.attempts, report.accepted), (1, 1));
}

#[test]
fn an_exception_of_the_apps_own_is_told_as_no_answer() {
    let error = uniffi::UnexpectedUniFFICallbackError::new("java.io.IOException: reset");
    let TransportError::NoAnswer { reason } = error.into();
    assert!(reason.contains("IOException"));
}

#[test]
fn a_host_that_sends_in_its_own_time_is_told_what_to_send_and_tells_what_came() {
    let sdk = with_a_summary();
    sdk.runtime.tick().unwrap();
    let NextUpload::Send { upload } = sdk.runtime.next_upload(Link::Unmetered).unwrap() else { panic!("one waits") };
    assert!(upload.path.starts_with('/') && !upload.body.is_empty() && !upload.content_type.is_empty());
    let busy = Response { status: 503, retry_after: Some("7".to_owned()), body: Vec::new() };
    let kept = sdk.runtime.report_upload(upload.id.clone(), Delivery::Answered { response: busy }).unwrap();
    assert!(matches!(kept, Reported::Kept { wait_ms } if wait_ms >= 7_000), "{kept:?}");
    let wait = sdk.runtime.next_upload(Link::Unmetered).unwrap();
    assert!(matches!(wait, NextUpload::Wait { wait_ms } if wait_ms > 5_000), "{wait:?}");
    let response = accepted(&upload);
    let taken = sdk.runtime.report_upload(upload.id.clone(), Delivery::Answered { response }).unwrap();
    assert_eq!(taken, Reported::Accepted);
    let unknown = sdk.runtime.report_upload(upload.id, Delivery::Failed { reason: "late".to_owned() }).unwrap();
    assert_eq!(unknown, Reported::Unknown);
}

#[test]
fn the_same_bytes_go_out_at_every_attempt() {
    struct Keeping(Mutex<Vec<Upload>>);
    impl Transport for Keeping {
        fn send(&self, upload: Upload) -> Result<Response, TransportError> {
            self.0.lock().unwrap().push(upload);
            Err(TransportError::NoAnswer { reason: "no network".to_owned() })
        }

        fn fetch(&self, _: Fetch) -> Result<Response, TransportError> {
            Err(TransportError::NoAnswer { reason: "no network".to_owned() })
        }
    }
    let (sdk, transport) = (with_a_summary(), Arc::new(Keeping(Mutex::default())));
    for _ in 0..2 {
        sdk.runtime.sync(transport.clone(), Link::Unmetered).unwrap();
        sdk.runtime.resume_uploads().unwrap();
    }
    let sent = transport.0.lock().unwrap();
    assert_eq!((sent.len(), &sent[0]), (2, &sent[1]));
}

/// A runtime that follows the fixture's channel, with a version before the one that is offered.
fn that_follows() -> Sdk {
    let sdk = Sdk::with(|config| config.updates = Some(updates("stable")));
    sdk.install_all();
    sdk
}

#[test]
fn a_transport_that_fetches_nothing_changes_nothing_and_is_told() {
    let sdk = that_follows();
    let failed = sdk.runtime.update(Arc::new(Broken), Link::Unmetered);
    let is_told = |message: &str| message.contains("/v1/channel/") && message.contains("no network");
    assert!(
        matches!(&failed, Err(DunlinError::Update { code, message }) if code == "no_answer" && is_told(message)),
        "{failed:?}"
    );
    let panicked = sdk.runtime.update(Then::new(|| panic!("thrown by the app")), Link::Unmetered);
    assert!(matches!(panicked, Err(DunlinError::Internal { .. })), "{panicked:?}");
    assert_eq!(sdk.session("tiny").model_version().unwrap(), "1.0.0");
    let report = sdk.runtime.update(Arc::new(Files), Link::Unmetered).unwrap();
    assert_eq!((report.root_version, report.channel_version), (1, 1));
    assert!(report.bytes > 1_000);
}

#[test]
fn a_transport_that_fetches_may_call_the_runtime_and_close_it_but_not_update_it() {
    let sdk = Arc::new(that_follows());
    let called = Arc::clone(&sdk);
    let transport = Then::new(move || {
        assert!(called.runtime.health().unwrap().ok);
        let again = called.runtime.update(Arc::new(Files), Link::Unmetered);
        assert!(matches!(again, Err(DunlinError::Busy { .. })), "{again:?}");
    });
    sdk.runtime.update(transport, Link::Unmetered).unwrap();
    let called = Arc::clone(&sdk);
    let transport = Then::new(move || called.runtime.close().unwrap());
    sdk.runtime.update(transport, Link::Unmetered).unwrap();
    is_closed(sdk.runtime.update(Arc::new(Files), Link::Unmetered));
}
