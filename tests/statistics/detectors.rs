//! ADWIN and Page-Hinkley decide as river's do, value by value.

use dunlin_drift::{Adwin, AdwinOptions, Direction, PageHinkley, PageHinkleyOptions};
use serde_json::{Value, json};

use crate::oracle::ask;
use crate::simulation::random::Random;

const LENGTH: usize = 6000;

/// The mean at a time from 0 to 1.
type Level = fn(f64) -> f64;

/// Abrupt changes, gradual ones and none; of errors (0 or 1) and of real numbers.
fn streams() -> Vec<(&'static str, Vec<f64>)> {
    let level: [(&str, Level); 5] = [
        ("none", |_| 0.2),
        ("one abrupt change", |t| if t < 0.5 { 0.2 } else { 0.45 }),
        ("four abrupt changes", |t| [0.1, 0.5, 0.3, 0.8, 0.2][(t * 5.0) as usize]),
        ("a gradual rise", |t| 0.1 + 0.6 * t),
        ("a gradual fall", |t| 0.9 - (t - 0.3).max(0.0)),
    ];
    let mut all = Vec::new();
    for seed in 0..4 {
        for (name, level) in level {
            let mut random = Random::new(seed);
            let mut stream = |value: &mut dyn FnMut(f64, &mut Random) -> f64| -> Vec<f64> {
                (0..LENGTH).map(|i| value(level(i as f64 / LENGTH as f64), &mut random)).collect()
            };
            all.push((name, stream(&mut |p, random| f64::from(u8::from(random.uniform() < p)))));
            all.push((name, stream(&mut |mean, random| 5.0 * mean + 0.7 * random.normal())));
        }
    }
    all
}

/// Compares the positions at which changes are reported; gives how many there were.
fn compare(name: &str, options: &Value, decide: &mut dyn FnMut(&[f64]) -> Vec<usize>) -> Option<usize> {
    let streams = streams();
    let cases: Vec<Value> = streams.iter().map(|(_, stream)| json!([name, options, stream])).collect();
    let answers = ask(&json!({ "of": "detector", "cases": cases }))?;
    let mut reported = 0;
    for ((change, stream), answer) in streams.iter().zip(answers.as_array().unwrap()) {
        let expected: Vec<usize> = serde_json::from_value(answer.clone()).unwrap();
        assert_eq!(decide(stream), expected, "{name} {options}, {change}");
        reported += expected.len();
    }
    Some(reported)
}

fn positions(stream: &[f64], mut update: impl FnMut(f64) -> bool) -> Vec<usize> {
    stream.iter().enumerate().filter(|(_, value)| update(**value)).map(|(at, _)| at).collect()
}

#[test]
fn adwin_decides_as_rivers_does() {
    let defaults = AdwinOptions::default();
    for options in [defaults, AdwinOptions { delta: 0.05, clock: 1, max_buckets: 3, ..defaults }] {
        let reported = compare("adwin", &serde_json::to_value(options).unwrap(), &mut |stream| {
            let mut adwin = Adwin::new(options);
            positions(stream, |value| adwin.update(value))
        });
        assert!(reported.is_none_or(|reported| reported >= 40), "too few changes to compare: {reported:?}");
    }
}

#[test]
fn page_hinkley_decides_as_rivers_does() {
    let defaults = PageHinkleyOptions::default();
    for (direction, mode) in [(Direction::Both, "both"), (Direction::Up, "up"), (Direction::Down, "down")] {
        for threshold in [50.0, 10.0] {
            let options = PageHinkleyOptions { direction, threshold, ..defaults };
            let question = json!({ "mode": mode, "threshold": threshold });
            let reported = compare("page_hinkley", &question, &mut |stream| {
                let mut detector = PageHinkley::new(options);
                positions(stream, |value| detector.update(value))
            });
            assert!(reported.is_none_or(|reported| reported >= 10), "too few changes to compare: {reported:?}");
        }
    }
}
