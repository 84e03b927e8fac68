//! Every test and adjustment gives SciPy's numbers.

use dunlin_drift::{
    Tested, benjamini_hochberg, chi_square, chi_square_tail, fisher_exact, kolmogorov_smirnov, kolmogorov_tail,
};
use serde_json::{Value, json};

use crate::oracle::ask;
use crate::simulation::random::Random;

/// Cases of each test.
const CASES: u64 = 400;
const TOLERANCE: f64 = 1e-6;

/// Asks SciPy about all cases, and compares case by case: found, what SciPy says, what the case was.
fn compare<T: serde::Serialize>(of: &str, cases: &[T], check: impl Fn(&T, &Value)) {
    let Some(answers) = ask(&json!({ "of": of, "cases": cases })) else { return };
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), cases.len());
    cases.iter().zip(answers).for_each(|(case, answer)| check(case, answer));
}

fn same(found: f64, expected: &Value, case: &impl std::fmt::Debug) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0),
        "{case:?}: {found}, SciPy says {expected}"
    );
    // Small p-values too, to six digits.
    assert!(
        expected < 1e-100 || (found / expected - 1.0).abs() < TOLERANCE,
        "{case:?}: {found}, SciPy says {expected}"
    );
}

/// Two rows of counts: sizes, numbers of bins and shifts of all kinds.
fn rows(seed: u64) -> (Vec<u64>, Vec<u64>) {
    let mut random = Random::new(seed);
    let bins = 2 + random.below(19) as usize;
    let (m, n) = (40 + random.below(3000), 20 + random.below(400));
    let shift = random.below(4) as f64 / 4.0;
    let mut counts = |of: u64, shift: f64| {
        let mut row = vec![0; bins];
        for _ in 0..of {
            let value = (random.normal() + shift + 2.5) / 5.0 * bins as f64;
            row[(value.max(0.0) as usize).min(bins - 1)] += 1;
        }
        row
    };
    (counts(m, 0.0), counts(n, shift))
}

fn floats(row: &[u64]) -> Vec<f64> {
    row.iter().map(|count| *count as f64).collect()
}

#[test]
fn chi_square_is_scipys() {
    let cases: Vec<_> = (0..CASES).map(rows).collect();
    compare("chi_square", &cases, |case, answer| {
        let found: Tested = chi_square(&floats(&case.0), &floats(&case.1)).unwrap();
        same(found.statistic, &answer[0], case);
        same(found.p_value, &answer[1], case);
    });
    let tails: Vec<(f64, u32)> =
        (1..=60).flat_map(|degrees| (1..=20).map(move |i| (f64::from(i * i) / 2.0, degrees))).collect();
    compare("chi_square_tail", &tails, |case, answer| same(chi_square_tail(case.0, case.1), answer, case));
}

#[test]
fn kolmogorov_smirnov_is_scipys() {
    let cases: Vec<_> = (0..CASES).map(rows).collect();
    compare("kolmogorov_smirnov", &cases, |case, answer| {
        let found = kolmogorov_smirnov(&floats(&case.0), &floats(&case.1)).unwrap();
        same(found.statistic, &answer[0], case);
        same(found.p_value, &answer[1], case);
        // The exact p-value, without ties, is close to the corrected limit.
        let exact = answer[2].as_f64().unwrap();
        assert!((found.p_value - exact).abs() < 0.05, "{case:?}: {}, exactly {exact}", found.p_value);
    });
    assert!(kolmogorov_tail(5.0) > 0.0);
}

#[test]
fn fishers_exact_test_is_scipys() {
    let case = |seed| {
        let mut random = Random::new(seed);
        let mut pair = |most: u64| [random.below(most), 1 + random.below(most)];
        (pair(if seed % 2 == 0 { 2000 } else { 30 }), pair(60))
    };
    let cases: Vec<([u64; 2], [u64; 2])> = (0..CASES).map(case).collect();
    compare("fisher_exact", &cases, |case, answer| same(fisher_exact(case.0, case.1).unwrap().p_value, answer, case));
}

#[test]
fn benjamini_and_hochbergs_adjustment_is_scipys() {
    let case = |seed| {
        let mut random = Random::new(seed);
        let count = 1 + random.below(80);
        (0..count).map(|_| random.uniform().powi(3)).collect()
    };
    let cases: Vec<(Vec<f64>,)> = (0..CASES).map(|seed| (case(seed),)).collect();
    compare("benjamini_hochberg", &cases, |case, answer| {
        for (found, expected) in benjamini_hochberg(&case.0).into_iter().zip(answer.as_array().unwrap()) {
            same(found, expected, case);
        }
    });
}
