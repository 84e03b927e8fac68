//! What watching costs: of a prediction, of a transaction, of the bytes that are sent.

use std::time::Instant;

use dunlin::Record;
use dunlin::outbox::{Link, Next};

use crate::population::Watching;

const ROWS: usize = 20_000;

#[test]
#[ignore = "a measurement"]
fn what_a_watched_prediction_takes_and_what_a_summary_weighs() {
    let mut watching = Watching::by(1_000);
    let schema = watching.session.schema().clone();
    let records: Vec<Record<'static>> =
        (0..ROWS).map(|_| Record::from_json(&schema, &watching.dice.record()).unwrap()).collect();
    let began = Instant::now();
    for record in &records {
        watching.session.predict(record).unwrap();
    }
    let predicted = began.elapsed();
    watching.runtime.flush().unwrap();
    let written = began.elapsed();
    let Next::Upload(upload) = watching.runtime.next_upload(Link::Unmetered).unwrap() else {
        panic!("nothing to send")
    };
    eprintln!(
        "{ROWS} predictions: {:.1} us each; until all rows and windows were on the disk: {:.1} us each; {} windows; \
         a summary of 6 features and 1,000 rows: {} bytes",
        predicted.as_secs_f64() * 1e6 / ROWS as f64,
        written.as_secs_f64() * 1e6 / ROWS as f64,
        watching.reader().windows(None, 100).unwrap().len(),
        upload.body.len()
    );
}
