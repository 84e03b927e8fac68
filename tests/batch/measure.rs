//! What the line costs a row of a batch, beside the bare engine: printed, not judged.
//! `DUNLIN_DATA=... cargo test --release -p dunlin-tests --test batch -- --ignored --nocapture beside_the_bare_engine`

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dunlin::journal::JournalConfig;
use dunlin::{Record, Session};
use dunlin_bundle::Bundle;
use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{Engine, PlanEngine, RawOutput, Run};
use dunlin_features::{RecordSchema, Transforms};
use dunlin_predictor::golden_records;

use dunlin_tests::cpu_time;
use dunlin_tests::fixture::tiny_parts;

use crate::place::Place;

const ROUNDS: usize = 7;
/// Of one measurement, about.
const BURST: Duration = Duration::from_millis(150);
/// Rows before anything is measured.
const WARM_UP: usize = 64;

/// The engine alone, on features that are made already.
struct Bare {
    run: Box<dyn Run>,
    features: Vec<Vec<Tensor>>,
    out: RawOutput,
}

impl Bare {
    fn new(bundle: &Bundle, records: &[Record<'_>]) -> Self {
        let schema = RecordSchema::new(bundle.schema().clone()).unwrap();
        let transforms = Transforms::compile(bundle.schema(), bundle.transforms()).unwrap();
        let of = |record| transforms.apply(&schema.check(record).unwrap()).unwrap().tensors().to_vec();
        let features = records.iter().map(of).collect();
        let run = PlanEngine::default().compile(bundle.graph(), bundle.weights()).unwrap().new_run();
        Self { run, features, out: RawOutput::default() }
    }

    fn rows(&mut self, rows: usize) {
        for row in 0..rows {
            self.run.run(&self.features[row % self.features.len()], &mut self.out).unwrap();
        }
    }
}

fn batch(session: &mut Session, records: &[Record<'_>], rows: usize) {
    let answers = session.predict_batch(records.iter().cycle().take(rows));
    answers.for_each(|answer| drop(answer.unwrap()));
}

/// Microseconds a row, of this thread and of the process.
fn measured(rows: usize, run: impl FnOnce(usize)) -> [f64; 2] {
    let now = || [cpu_time::of_this_thread(), cpu_time::of_this_process()];
    let began = now();
    run(rows);
    let ended = now();
    [0, 1].map(|i| (ended[i] - began[i]).as_secs_f64() * 1e6 / rows as f64)
}

fn compare(name: &str, place: &Place, path: &Path) {
    let bundle = Bundle::read(std::fs::read(path).unwrap(), &place.key.trusted()).unwrap();
    let (_runtime, mut session) = place.open(path, JournalConfig::default());
    let records = golden_records(bundle.schema(), bundle.golden(), bundle.golden_tensors()).unwrap();
    let mut bare = Bare::new(&bundle, &records);
    bare.rows(WARM_UP);
    batch(&mut session, &records, WARM_UP);
    let [us, _] = measured(WARM_UP, |rows| bare.rows(rows));
    let rows = ((BURST.as_secs_f64() * 1e6 / us) as usize).clamp(WARM_UP, 50_000);
    // The least that each took: what else the machine does only ever adds.
    let [mut bare_us, mut thread, mut process] = [f64::INFINITY; 3];
    for _ in 0..ROUNDS {
        bare_us = bare_us.min(measured(rows, |rows| bare.rows(rows))[0]);
        let batched = measured(rows, |rows| batch(&mut session, &records, rows));
        (thread, process) = (thread.min(batched[0]), process.min(batched[1]));
    }
    let bare = bare_us;
    println!(
        "{name}: bare engine {bare:.2} us a row; batch {thread:.2} us (rate {:.3}, line {:.2} us); with the journal's \
         writer {process:.2} us (rate {:.3}, line {:.2} us)",
        bare / thread,
        thread - bare,
        bare / process,
        process - bare
    );
}

/// Runs the command in the place.
fn dunlin(place: &Place, arguments: &[&str]) {
    let ended = Command::new(dunlin_tests::binary()).args(arguments).current_dir(place.path("")).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
#[ignore = "a measurement"]
fn a_batch_of_digits_beside_the_bare_engine() {
    let place = Place::new();
    dunlin(&place, &["train", "digits", "--out", "digits"]);
    compare("tiny", &place, &place.bundle("tiny.dunlin", &tiny_parts()));
    for precision in ["f32", "q8_0"] {
        dunlin(&place, &["pack", "digits", "--precision", precision, "--out", "unsigned"]);
        let unsigned = std::fs::read(place.path("unsigned")).unwrap();
        compare(&format!("digits {precision}"), &place, &place.signed(&format!("{precision}.dunlin"), unsigned));
    }
}

#[test]
#[ignore = "a measurement"]
fn a_batch_of_public_models_beside_the_bare_engine() {
    let Some(data) = std::env::var_os("DUNLIN_DATA").map(PathBuf::from) else {
        return println!("no public models; set DUNLIN_DATA to a folder that holds mlperf-tiny");
    };
    let place = Place::new();
    for name in ["kws", "ic", "vww"] {
        let onnx = data.join(format!("mlperf-tiny/{name}_f32.onnx"));
        dunlin(&place, &["import", onnx.to_str().unwrap(), "--id", name, "--out", "unsigned"]);
        let unsigned = std::fs::read(place.path("unsigned")).unwrap();
        compare(name, &place, &place.signed(&format!("{name}.dunlin"), unsigned));
    }
}
