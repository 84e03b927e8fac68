//! What a trial costs, and what a switch is felt like: printed, not judged.

use std::time::{Duration, Instant};

use dunlin::journal::JournalConfig;
use dunlin::{Record, Runtime, Session, TrialPolicy};
use dunlin_tests::challenger::biased;
use dunlin_tests::cpu_time;
use dunlin_tests::fixture::tiny_parts;

use crate::device::Device;

const ROUNDS: usize = 9;
const PREDICTIONS: u32 = 20_000;

/// A device as apps open it: rows are written behind the caller's back.
fn open(device: &Device) -> Runtime {
    let runtime = Runtime::open(device.config().journal(JournalConfig::default()));
    runtime.install(&device.bundle(&tiny_parts())).unwrap();
    runtime
}

fn record(session: &Session) -> Record<'static> {
    let record = r#"{"age": 40, "visits": 3, "colour": "red", "member": true, "income": 900}"#;
    Record::from_json_str(session.schema(), record).unwrap()
}

/// Microseconds of this thread's CPU a prediction.
fn cpu_us(session: &mut Session) -> f64 {
    let record = record(session);
    let began = cpu_time::of_this_thread();
    for _ in 0..PREDICTIONS {
        session.predict(&record).unwrap();
    }
    (cpu_time::of_this_thread() - began).as_secs_f64() * 1e6 / f64::from(PREDICTIONS)
}

#[test]
#[ignore = "a measurement"]
fn what_a_shadow_costs() {
    let device = Device::with(TrialPolicy { min_compared: u64::MAX, ..TrialPolicy::default() });
    let runtime = open(&device);
    let mut alone = runtime.session("tiny").unwrap();
    runtime.install_candidate(&device.bundle(&biased(8, [0.0; 3]))).unwrap();
    let mut watched = runtime.session("tiny").unwrap();
    let mut rounds: Vec<[f64; 2]> = (0..ROUNDS).map(|_| [cpu_us(&mut alone), cpu_us(&mut watched)]).collect();
    rounds.sort_by(|a, b| (a[1] / a[0]).total_cmp(&(b[1] / b[0])));
    let [alone, watched] = rounds[ROUNDS / 2];
    println!(
        "one prediction: {alone:.2} us alone, {watched:.2} us with a shadow on a tenth of the records: {:.3}",
        watched / alone
    );
}

#[test]
#[ignore = "a measurement"]
fn what_a_switch_is_felt_like_at_a_thousand_predictions_a_second() {
    let device = Device::with(TrialPolicy { min_compared: u64::MAX, ..TrialPolicy::default() });
    let runtime = open(&device);
    let quiet = latencies(&runtime, || {});
    let candidate = device.bundle(&biased(8, [0.0; 3]));
    let switched = latencies(&runtime, || {
        runtime.install_candidate(&candidate).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        runtime.activate("tiny").unwrap();
        std::thread::sleep(Duration::from_millis(300));
        runtime.rollback("tiny").unwrap();
    });
    for (name, [median, p99, most]) in [("without", quiet), ("installed, activated and rolled back", switched)] {
        println!("{name}: median {median} us, p99 {p99} us, longest {most} us");
    }
}

/// Median, 99th percentile and maximum of renewing and predicting, while something happens.
fn latencies(runtime: &Runtime, act: impl FnOnce() + Send) -> [u128; 3] {
    let mut session = runtime.session("tiny").unwrap();
    let record = record(&session);
    std::thread::scope(|scope| {
        let acting = scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            act();
        });
        let mut took = Vec::new();
        while !acting.is_finished() || took.len() < 2_000 {
            let began = Instant::now();
            session.renew().unwrap();
            session.predict(&record).unwrap();
            took.push(began.elapsed().as_micros());
            std::thread::sleep(Duration::from_millis(1).saturating_sub(began.elapsed()));
        }
        took.sort_unstable();
        [took[took.len() / 2], took[took.len() * 99 / 100], took[took.len() - 1]]
    })
}
