//! What is promised of the check that two arms get the requests that they should: hardly a false alarm however often one
//! looks, a wrong share found, and SciPy's evidence.

use dunlin_drift::SampleRatio;
use serde_json::json;

use crate::oracle::ask;
use crate::simulation::random::Random;
use crate::simulation::share;

const TRIALS: usize = 2000;
const REQUESTS: u64 = 5000;
const ALPHA: f64 = 0.01;

/// The share of trials in which a mismatch is ever seen, looking after every request.
fn seen(declared: f64, actual: f64) -> f64 {
    let trial = |seed: u64| {
        let (mut random, mut ratio) = (Random::new(seed), SampleRatio { declared, first: 0, second: 0 });
        (0..REQUESTS).any(|_| {
            let count = if random.uniform() < actual { &mut ratio.first } else { &mut ratio.second };
            *count += 1;
            ratio.is_mismatch(ALPHA)
        })
    };
    share((0..TRIALS as u64).filter(|seed| trial(*seed)).count(), TRIALS)
}

#[test]
fn arms_that_get_what_is_declared_are_seldom_suspected() {
    for declared in [0.01, 0.1, 0.5] {
        let found = seen(declared, declared);
        let bound = ALPHA + 3.0 * (ALPHA * (1.0 - ALPHA) / TRIALS as f64).sqrt();
        assert!(found <= bound, "a declared share of {declared}: suspected in {found} of trials");
    }
}

#[test]
fn an_arm_that_gets_half_as_much_again_is_found_in_five_thousand_requests() {
    for (declared, actual) in [(0.1, 0.15), (0.1, 0.05), (0.5, 0.45)] {
        let found = seen(declared, actual);
        assert!(found >= 0.95, "{actual} instead of {declared}: found in {found} of trials");
    }
}

#[test]
fn the_evidence_is_that_of_scipys_beta_functions_and_of_its_integral() {
    let case = |seed: u64| {
        let mut random = Random::new(seed);
        let most = [12, 140, 1_000_000][seed as usize % 3];
        (0.001 + 0.998 * random.uniform(), random.below(most), random.below(most))
    };
    let cases: Vec<_> = (0..300).map(case).collect();
    let Some(answers) = ask(&json!({ "of": "sample_ratio", "cases": cases })) else { return };
    for (case, answer) in cases.iter().zip(answers.as_array().unwrap()) {
        let (declared, first, second) = *case;
        let found = SampleRatio { declared, first, second }.log_e_value();
        for expected in answer.as_array().unwrap().iter().filter_map(serde_json::Value::as_f64) {
            assert!(
                (found - expected).abs() <= 1e-8 * expected.abs().max(1.0),
                "{case:?}: {found}, SciPy says {expected}"
            );
        }
    }
}
