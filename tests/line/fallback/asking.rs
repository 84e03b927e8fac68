//! When a prediction asks, and what leaves when it does.

use std::sync::Arc;

use dunlin::AnsweredBy;
use dunlin::clock::Clock;
use dunlin::fallback::{AskOn, FallbackPolicy};
use dunlin::store::{Folder, State};
use dunlin_bundle::Parts;
use dunlin_bundle::schema::FloatDomain;
use dunlin_tests::fixture::{full_parts, tiny_parts};
use serde_json::{Value, json};

use super::{Asker, generous, open_parts};
use crate::device::{Device, far, good, record, with};

const NAME: &str = "Wilhelmina Featherstonehaugh";
const LATITUDE: f64 = 52.370_216_875_3;
const SUBJECT: &str = "customer-8812-wilhelmina";

fn body(asker: &mut Asker, object: &serde_json::Map<String, Value>) -> Value {
    let answer = asker.session.predict(&record(&asker.session, object)).unwrap();
    serde_json::from_slice(&answer.fallback.expect("it asks").body()).unwrap()
}

#[test]
fn nothing_is_asked_without_a_policy() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(&open_parts())).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    let answer = session.predict(&record(&session, &far())).unwrap();
    assert_eq!((answer.answered_by, answer.fallback), (AnsweredBy::Nobody, None));
    assert_eq!(runtime.health().counters["fallback.requests"], 0);
}

#[test]
fn an_accepted_prediction_asks_nothing_and_one_that_nobody_answered_asks() {
    let mut asker = Asker::new(FallbackPolicy::default());
    let answer = asker.session.predict(&record(&asker.session, &good())).unwrap();
    assert_eq!(answer.fallback, None);
    let answer = asker.predict_far();
    assert_eq!(answer.answered_by, AnsweredBy::Nobody);
    let request = answer.fallback.unwrap();
    assert_eq!((request.id, request.model_id.as_str()), (answer.id, "tiny"));
    assert_eq!((request.path.as_str(), request.content_type), ("/v2/models/tiny/infer", "application/json"));
    assert_eq!(request.deadline, FallbackPolicy::default().deadline);
    assert_eq!(asker.count("fallback.requests"), 1);
}

#[test]
fn where_the_baseline_answered_only_a_policy_that_says_so_asks() {
    let mut parts = tiny_parts();
    parts.schema.feature.iter_mut().for_each(|feature| feature.may_leave = true);
    let mut asker = Asker::of(&parts, generous());
    let answer = asker.predict_far();
    assert_eq!((answer.answered_by, answer.fallback), (AnsweredBy::Baseline, None));
    let mut asker = Asker::of(&parts, FallbackPolicy { ask_over_baseline: true, ..generous() });
    let answer = asker.predict_far();
    assert!(answer.answered_by == AnsweredBy::Baseline && answer.outputs.is_some() && answer.fallback.is_some());
}

/// Whether a record asks under a policy of one reason alone.
fn asks_on(parts: &Parts, object: &serde_json::Map<String, Value>, on: AskOn) -> bool {
    let mut asker = Asker::of(parts, FallbackPolicy { ask_on: [on].into(), ..generous() });
    asker.session.predict(&record(&asker.session, object)).unwrap().fallback.is_some()
}

#[test]
fn a_reason_asks_only_where_the_policy_lets_it() {
    let mut unsure = open_parts();
    unsure.reference.guard.min_confidence = Some(1.0);
    let mut out_of_range = open_parts();
    out_of_range.schema.output[0].float_domain = Some(FloatDomain { min: None, max: Some(0.01) });
    let cases = [
        (&unsure, good(), AskOn::LowConfidence),
        (&open_parts(), far(), AskOn::FarFromReference),
        (&out_of_range, good(), AskOn::OutOfRange),
    ];
    for (parts, object, reason) in &cases {
        for on in [AskOn::LowConfidence, AskOn::FarFromReference, AskOn::OutOfRange, AskOn::NonFinite] {
            assert_eq!(asks_on(parts, object, on), on == *reason, "{reason:?} under {on:?}");
        }
    }
    assert!(!asks_on(&unsure, &far(), AskOn::LowConfidence), "two reasons, one of which may not ask");
}

#[test]
fn the_body_holds_the_features_that_may_leave_and_nothing_else() {
    let mut asker = Asker::new(generous());
    let sent = body(&mut asker, &far());
    let id = sent["id"].as_str().unwrap().to_owned();
    let scalar = |name: &str, datatype: &str, value: Value| json!({"name": name, "shape": [1], "datatype": datatype, "data": [value]});
    assert_eq!(
        sent,
        json!({"id": id, "inputs": [
            scalar("age", "FP64", json!(35.0)), scalar("visits", "INT64", json!(1_000_000)),
            scalar("colour", "BYTES", json!("blue")), scalar("member", "BOOL", json!(true)),
            scalar("income", "FP64", json!(1800.0)),
        ]})
    );
    let names = |sent: &Value| -> Vec<String> {
        let inputs = sent["inputs"].as_array().unwrap();
        inputs.iter().map(|input| input["name"].as_str().unwrap().to_owned()).collect()
    };
    let mut without = far();
    without.remove("income");
    assert_eq!(names(&body(&mut asker, &without)), ["age", "visits", "colour", "member"], "the record lacks it");
    let mut parts = open_parts();
    parts.schema.feature[4].may_leave = false;
    let mut asker = Asker::of(&parts, generous());
    assert_eq!(
        names(&body(&mut asker, &far())),
        ["age", "visits", "colour", "member"],
        "it is optional and stays here"
    );
}

#[test]
fn a_tensor_leaves_flat_with_its_shape_and_type() {
    let mut parts = full_parts();
    parts.schema.feature.iter_mut().for_each(|feature| feature.may_leave = true);
    (parts.gguf, parts.baseline, parts.reference.baseline_guard) = (None, None, None);
    let mut object = far();
    object.insert("image".to_owned(), json!([[0.0, 0.25], [0.5, 1.0]]));
    let sent = body(&mut Asker::of(&parts, generous()), &object);
    let image = json!({"name": "image", "shape": [1, 2, 2], "datatype": "FP32", "data": [0.0, 0.25, 0.5, 1.0]});
    assert_eq!(sent["inputs"][5], image);
}

#[test]
fn a_required_feature_that_may_not_leave_withholds_the_request_and_that_is_counted() {
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let everything = names(&["age", "visits", "colour", "member", "income"]);
    let mut closed = tiny_parts();
    (closed.baseline, closed.reference.baseline_guard) = (None, None);
    let cases = [
        (closed.clone(), generous(), "the schema lets only visits leave"),
        (closed, FallbackPolicy { features: everything, ..generous() }, "and the app cannot widen that"),
        (open_parts(), FallbackPolicy { features: names(&["visits"]), ..generous() }, "the app narrows it"),
        (open_parts(), FallbackPolicy { features: names(&[]), ..generous() }, "to nothing"),
    ];
    for (parts, policy, why) in cases {
        let mut asker = Asker::of(&parts, policy);
        assert!(!asker.asks() && !asker.asks(), "{why}");
        assert_eq!((asker.count("fallback.withheld"), asker.count("fallback.requests")), (2, 0), "{why}");
    }
}

#[test]
fn what_may_not_leave_is_in_no_byte_of_the_request() {
    let mut parts = open_parts();
    for feature in [
        json!({"name": "name", "type": "TEXT", "privacy": "plain", "missing": {"policy": "impute", "value": ""}}),
        json!({"name": "latitude", "type": "NUMBER", "privacy": "plain", "missing": {"policy": "impute", "value": 0}}),
        json!({"name": "note", "type": "TEXT", "may_leave": true, "missing": {"policy": "impute", "value": ""}}),
    ] {
        parts.schema.feature.push(serde_json::from_value(feature).unwrap());
    }
    let all_but_note = ["age", "visits", "colour", "member", "income", "name", "latitude"];
    let features = Some(all_but_note.iter().map(|name| (*name).to_owned()).collect());
    let mut asker = Asker::of(&parts, FallbackPolicy { features, ..generous() });
    let mut object = with("visits", json!(1_000_000));
    object.insert("name".to_owned(), json!(NAME));
    object.insert("latitude".to_owned(), json!(LATITUDE));
    object.insert("note".to_owned(), json!("kept back by the app"));
    let record = record(&asker.session, &object);
    let answer = asker.session.predict_for(SUBJECT, &record).unwrap();
    let request = answer.fallback.clone().unwrap();
    let hash = asker.row(&request).subject_hash.unwrap();
    let (body, debug) = (request.body(), format!("{answer:?}"));
    let Asker { session, runtime, device, .. } = asker;
    drop(session);
    runtime.close().unwrap();
    let state = State::open(Arc::new(Folder::new(device.folder())), Clock::system(), 0);
    let install = state.identity().install_id.to_string();
    let number = LATITUDE.to_string();
    for canary in
        [NAME, "Wilhelmina", "wilhelmina", &number, &number[..7], SUBJECT, &hash, &install, "kept back", "latitude"]
    {
        let is_in = |bytes: &[u8]| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!is_in(&body), "'{canary}' is in the body");
        assert!(!is_in(request.path.as_bytes()), "'{canary}' is in the path");
        assert!(!is_in(debug.as_bytes()), "'{canary}' is in what a log would show");
    }
    assert!(!debug.contains("1000000") && !debug.contains("blue"), "no value of a feature is in a log: {debug}");
}
