//! What a hit costs: printed, not judged.
//! `cargo test --release -p dunlin-tests --test precompute -- --ignored --nocapture`

use std::time::Instant;

use crate::device::{Device, MUCH, fill, record};

const ROUNDS: usize = 9;
const PREDICTIONS: usize = 500;

#[test]
#[ignore = "a measurement"]
fn what_a_hit_costs_beside_the_model() {
    let device = Device::new();
    let runtime = device.open();
    let mut without = runtime.session("tiny").unwrap();
    fill(&runtime, 1_000, MUCH);
    let mut with = runtime.session("tiny").unwrap();
    let records: Vec<_> = (0..1_000).map(|number| record(&with, number)).collect();
    let mut least = [f64::INFINITY; 2];
    for round in 0..ROUNDS {
        for (session, least) in [&mut without, &mut with].into_iter().zip(&mut least) {
            let began = Instant::now();
            for at in 0..PREDICTIONS {
                session.predict(&records[(round * PREDICTIONS + at * 7) % records.len()]).unwrap();
            }
            *least = least.min(began.elapsed().as_secs_f64() * 1e6 / PREDICTIONS as f64);
        }
        runtime.flush().unwrap();
    }
    println!(
        "one prediction, journal and all: {:.2} us by the model, {:.2} us from the cache of 1,000",
        least[0], least[1]
    );
}
