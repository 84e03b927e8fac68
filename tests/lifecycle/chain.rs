//! Where a model abstains, those answer that its bundle, or the app, names in turn.

use dunlin::journal::Reader;
use dunlin::{Answer, AnsweredBy, Config, FallbackStep, Runtime};
use dunlin_bundle::Parts;
use dunlin_tests::challenger::biased;
use dunlin_tests::fixture::tiny_parts;

use crate::device::Device;

/// A later version that is never sure enough, and whom it names.
fn unsure(chain: Option<&[FallbackStep]>) -> Parts {
    let mut parts = biased(8, [0.0; 3]);
    parts.reference.guard.min_confidence = Some(1.0);
    parts.fallback = chain.map(<[_]>::to_vec);
    parts
}

/// What a device answers on which the version before was sure, and this one is not.
fn answer(device: &mut Device, parts: &Parts, configure: impl Fn(Config) -> Config) -> Answer {
    let runtime = Runtime::open(configure(device.config()));
    runtime.install(&device.bundle(&tiny_parts())).unwrap();
    drop(device.predict(&mut runtime.session("tiny").unwrap()));
    runtime.install(&device.bundle(parts)).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    device.predict(&mut session).1
}

#[test]
fn the_chain_that_a_bundle_declares_is_followed_in_its_order() {
    use FallbackStep::{Baseline, Cloud, Previous};
    let as_declared = |chain| answer(&mut Device::new(), &unsure(chain), |config| config).answered_by;
    assert_eq!(as_declared(None), AnsweredBy::Baseline);
    assert_eq!(as_declared(Some(&[Previous, Baseline, Cloud])), AnsweredBy::Previous);
    assert_eq!(as_declared(Some(&[Baseline, Previous])), AnsweredBy::Baseline);
    assert_eq!(as_declared(Some(&[Cloud])), AnsweredBy::Nobody);
    assert_eq!(as_declared(Some(&[])), AnsweredBy::Nobody);
}

#[test]
fn the_app_has_the_last_word_on_the_chain() {
    let mut device = Device::new();
    let chain = |config: Config| config.fallback_chain("tiny", &[FallbackStep::Previous]);
    let answer = answer(&mut device, &unsure(Some(&[FallbackStep::Baseline])), chain);
    assert_eq!(answer.answered_by, AnsweredBy::Previous);
    assert_eq!(answer.verdict().code(), "abstain", "the verdict is of the active model");
    assert!(answer.class().is_some());
}

#[test]
fn the_previous_version_answers_after_the_probation_too_and_the_row_says_who_did() {
    let mut device = Device::new();
    let (runtime, _) = device.ready();
    let mut parts = Parts { fallback: Some(vec![FallbackStep::Previous]), ..biased(8, [0.0; 3]) };
    // A little stricter than the version before: it abstains on a few records that that one takes.
    parts.reference.guard.min_confidence = Some(0.4);
    runtime.install(&device.bundle(&parts)).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    while !runtime.trials().unwrap().is_empty() {
        device.predict_and_label(&runtime, &mut session);
    }
    session.renew().unwrap();
    let mut answers = std::iter::repeat_with(|| device.predict(&mut session).1).take(101);
    let by_previous = answers.find(|answer| answer.answered_by == AnsweredBy::Previous).unwrap();
    assert!(by_previous.class().is_some() && by_previous.prediction.confidence < Some(0.4));
    drop(session);
    runtime.flush().unwrap();
    let row = Reader::open(&device.folder()).unwrap().prediction(by_previous.id).unwrap().unwrap();
    assert_eq!((&*row.version, &*row.verdict, &*row.answered_by), ("1.2.8", "abstain", "previous"));
}

#[test]
fn a_chain_that_contradicts_itself_is_refused_by_the_field() {
    use FallbackStep::{Baseline, Cloud, Previous};
    for chain in [vec![Baseline, Baseline], vec![Cloud, Previous]] {
        let error = Parts { fallback: Some(chain), ..tiny_parts() }.write().unwrap_err().to_string();
        assert!(error.contains("fallback") && error.contains("manifest.json"), "{error}");
    }
}
