//! Whatever the order of calls, after closing there is one answer: `Closed`.

use std::sync::Arc;

use dunlin_uniffi::{Asking, Delivery, DunlinError, Link, Response, Runtime, Scalar, packed};

use crate::sdk::{Sdk, good, is_closed};
use crate::sending::Broken;

#[test]
fn every_call_of_a_closed_runtime_says_that_it_is_closed_and_closing_twice_is_once() {
    let sdk = Sdk::ready();
    let runtime = &sdk.runtime;
    runtime.close().unwrap();
    let text = || "tiny".to_owned();
    is_closed(runtime.install(text()));
    is_closed(runtime.install_shipped(text()));
    is_closed(runtime.install_candidate(text()));
    is_closed(runtime.activate(text()));
    is_closed(runtime.rollback(text()));
    is_closed(runtime.reject(text()));
    is_closed(runtime.trials());
    is_closed(runtime.session(text()));
    is_closed(runtime.label(1 << 32, Scalar::Integer { value: 1 }));
    is_closed(runtime.outcome(1 << 32, text(), Scalar::Integer { value: 1 }));
    is_closed(runtime.forget(text()));
    is_closed(runtime.health());
    is_closed(runtime.alarms());
    is_closed(runtime.tick());
    is_closed(runtime.sync(Arc::new(Broken), Link::Unmetered));
    is_closed(runtime.update(Arc::new(Broken), Link::Unmetered));
    is_closed(runtime.next_upload(Link::Metered));
    is_closed(runtime.report_upload(text(), Delivery::Failed { reason: text() }));
    is_closed(runtime.resume_uploads());
    is_closed(runtime.flush());
    is_closed(runtime.suspend());
    runtime.close().unwrap();
}

#[test]
fn every_call_of_a_closed_session_says_that_it_is_closed() {
    let sdk = Sdk::with(|config| config.fallback = Some(Default::default()));
    sdk.install_all();
    let session = sdk.session("every");
    let unsure = crate::sdk::record(crate::sdk::case("every_is_unsure_near_one_half"));
    let request = session.predict(&unsure).unwrap().fallback.unwrap();
    let handle = session.handle().unwrap();
    session.close().unwrap();
    is_closed(session.predict(&good()).map(|_| ()));
    is_closed(session.predict_for("somebody".to_owned(), &good()).map(|_| ()));
    let response = Response { status: 200, retry_after: None, body: Vec::new() };
    is_closed(session.resolve(&request, Delivery::Answered { response }));
    is_closed(session.take_fallback(1).map(|_| ()));
    is_closed(session.renew());
    is_closed(session.features());
    is_closed(session.outputs());
    is_closed(session.model_version());
    is_closed(session.kernel_set());
    is_closed(session.handle());
    is_closed(session.max_answer_bytes());
    is_closed(packed::predict(handle, Asking::Live, &[], &mut [0; 4096]));
    session.close().unwrap();
    // The request outlives its session.
    assert!(!request.body().is_empty());
}

#[test]
fn closing_the_runtime_closes_its_sessions_and_gives_the_folder_back() {
    let sdk = Sdk::ready();
    let (session, other) = (sdk.session("every"), sdk.session("tiny"));
    session.predict(&good()).unwrap();
    let handle = session.handle().unwrap();
    sdk.runtime.close().unwrap();
    is_closed(session.predict(&good()).map(|_| ()));
    is_closed(other.model_version());
    is_closed(packed::predict(handle, Asking::Live, &[], &mut [0; 4096]));
    session.close().unwrap();
    let again = Runtime::open(crate::sdk::config(&sdk.folder)).unwrap();
    let health = again.health().unwrap();
    assert!(health.ok, "the folder is free: {health:?}");
    let session = again.session("every".to_owned()).unwrap();
    assert!(session.handle().unwrap() != handle && session.predict(&good()).is_ok());
}

#[test]
fn a_session_answers_on_after_the_runtimes_object_was_let_go() {
    let sdk = Sdk::ready();
    let session = sdk.session("every");
    drop(sdk.runtime);
    assert!(session.predict(&good()).is_ok());
}

#[test]
fn an_old_handle_never_reaches_a_new_session() {
    let sdk = Sdk::ready();
    let mut old = Vec::new();
    for _ in 0..50 {
        let session = sdk.session("every");
        let handle = session.handle().unwrap();
        assert!(!old.contains(&handle));
        old.push(handle);
        for handle in &old[..old.len() - 1] {
            is_closed(packed::predict(*handle, Asking::Live, &[], &mut [0; 4096]));
        }
        // By closing, and by letting the object go.
        if old.len().is_multiple_of(2) {
            session.close().unwrap();
        }
    }
    for guess in [0, 1, u64::MAX, 1 << 63] {
        let guessed = packed::predict(guess, Asking::Live, &[], &mut []);
        assert!(matches!(guessed, Err(DunlinError::Closed { .. })), "{guess}");
    }
}
