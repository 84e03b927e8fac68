//! Who answers: the model, its baseline, or nobody; and never with NaN or infinity.

use dunlin::{Answer, AnsweredBy, Runtime, Session};
use dunlin_bundle::Parts;
use dunlin_bundle::reference::GuardThresholds;
use dunlin_tests::fixture::{floats, records, tiny_parts};
use serde_json::json;

use crate::device::{Device, far, good, record};

fn session_of(device: &Device, parts: &Parts) -> (Runtime, Session) {
    let runtime = device.open();
    runtime.install(&device.bundle(parts)).unwrap();
    let session = runtime.session("tiny").unwrap();
    (runtime, session)
}

fn far_answer(parts: &Parts) -> (Device, Answer) {
    let device = Device::new();
    let (_runtime, mut session) = session_of(&device, parts);
    let answer = session.predict(&record(&session, &far())).unwrap();
    (device, answer)
}

#[test]
fn the_baseline_answers_for_a_model_that_abstains() {
    let (device, answer) = far_answer(&tiny_parts());
    assert_eq!((answer.verdict().code(), answer.answered_by), ("abstain", AnsweredBy::Baseline));
    assert_ne!(answer.outputs, answer.prediction.outputs, "the answer is the baseline's, the prediction the model's");
    let row = device.rows().pop().unwrap();
    assert_eq!((row.verdict.as_str(), row.answered_by.as_str()), ("abstain", "baseline"));
    assert_eq!((row.reasons, row.culprit.as_deref()), (vec!["far_from_reference".to_owned()], Some("visits")));
    assert_eq!(row.output, Some(json!({"tier": &*answer.class().unwrap().name})));
}

#[test]
fn nobody_answers_when_the_baselines_own_guard_abstains_too() {
    let mut parts = tiny_parts();
    parts.reference.baseline_guard = Some(GuardThresholds { min_confidence: Some(1.0), distance: None });
    let (device, answer) = far_answer(&parts);
    assert_eq!((answer.answered_by, answer.outputs.is_none(), answer.class()), (AnsweredBy::Nobody, true, None));
    let row = device.rows().pop().unwrap();
    assert_eq!((row.verdict.as_str(), row.answered_by.as_str(), row.output), ("abstain", "none", None));
}

#[test]
fn nobody_answers_for_a_model_without_a_baseline() {
    let mut parts = tiny_parts();
    (parts.baseline, parts.reference.baseline_guard) = (None, None);
    let (_device, answer) = far_answer(&parts);
    assert_eq!((answer.answered_by, answer.outputs), (AnsweredBy::Nobody, None));
}

#[test]
fn an_answer_that_overflows_is_never_given() {
    // Weights so large that two layers of them overflow for visits beyond a few; the golden records stay finite.
    let mut parts = tiny_parts();
    let huge = |count: usize| vec![3.0e37_f32; count];
    parts.safetensors = Some(floats(&[
        ("first.weight", &[6, 8], &huge(48)),
        ("first.bias", &[6], &[0.0; 6]),
        ("second.weight", &[3, 6], &huge(18)),
        ("second.bias", &[3], &[0.0; 3]),
    ]));
    let device = Device::new();
    let runtime = device.open();
    let error = runtime.install(&device.bundle(&parts)).unwrap_err();
    assert_eq!(error.code(), "golden_disagrees", "{error}");
    assert!(runtime.session("tiny").is_err(), "a model that overflows on its golden set never becomes active");

    // Without a case that overflows it is let in, and its guard keeps the answer back.
    let device = Device::new();
    let mut parts = tiny_parts();
    parts.reference.guard = GuardThresholds::default();
    parts.graph.nodes.retain(|node| node.op_type != "Softmax");
    parts.graph.nodes.last_mut().unwrap().outputs = vec!["tier".to_owned()];
    (parts.baseline, parts.reference.baseline_guard) = (None, None);
    parts.safetensors = Some(floats(&[
        ("first.weight", &[6, 8], &[1.0e20; 48]),
        ("first.bias", &[6], &[0.0; 6]),
        ("second.weight", &[3, 6], &[1.0e18; 18]),
        ("second.bias", &[3], &[0.0; 3]),
    ]));
    parts.golden.cases.truncate(1);
    let hidden = 1.0e20_f32 * first_case_sum();
    parts.golden.cases[0].expected.insert("tier".to_owned(), vec![hidden.max(0.0) * 6.0e18; 3]);
    let (runtime, mut session) = session_of(&device, &parts);
    let answer = session.predict(&record(&session, &records()[7])).unwrap();
    runtime.flush().unwrap();
    assert_eq!((answer.answered_by, &answer.outputs, &answer.prediction.outputs), (AnsweredBy::Nobody, &None, &None));
    assert_eq!(answer.verdict().reasons()[0].code(), "non_finite");
    assert_eq!(device.rows().pop().unwrap().reasons, ["non_finite"]);
}

/// The sum of the inputs that the transforms make of the first golden record: age 20, no visit, red, a member, no income.
fn first_case_sum() -> f32 {
    (20.0 - 40.0) / 12.0 + 0.0 + 1.0 + 1.0 + 0.2
}

#[test]
fn two_sessions_give_equal_answers_at_the_same_time() {
    let device = Device::new();
    let (runtime, _) = device.ready();
    let answers = || {
        let mut session = runtime.session("tiny").unwrap();
        let all = records().into_iter().cycle().take(400);
        all.map(|object| session.predict(&record(&session, &object)).unwrap().prediction).collect::<Vec<_>>()
    };
    let (left, right) = std::thread::scope(|scope| {
        let (left, right) = (scope.spawn(answers), scope.spawn(answers));
        (left.join().unwrap(), right.join().unwrap())
    });
    assert_eq!(left, right);
    assert_eq!(device.reader().totals().unwrap().predictions, 800);
}

#[test]
fn an_unknown_model_is_named_with_the_remedy() {
    let device = Device::new();
    let error = device.open().session("nobody").err().unwrap();
    assert_eq!(error.to_string(), "no model 'nobody' is installed; install its bundle first");
    let (_runtime, mut session) = device.ready();
    assert!(session.predict(&record(&session, &good())).is_ok());
}
