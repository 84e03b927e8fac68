//! The smallest program that answers: opens a signed bundle and predicts its golden records. `cargo xtask size` weighs it.
//!
//!     predict BUNDLE PUBLIC_KEY

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::error::Error;
use std::path::Path;

use dunlin_bundle::{Bundle, TrustedKeys};
use dunlin_engine::PlanEngine;
use dunlin_predictor::{Predictor, golden_records};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().collect();
    let [_, bundle, key] = words.as_slice() else { return Err("give a bundle and a public key".into()) };
    let mut keys = TrustedKeys::new();
    keys.add(key, &std::fs::read_to_string(key)?)?;
    let bundle = Bundle::open(Path::new(bundle), &keys)?;
    let mut predictor = Predictor::load(&PlanEngine::default(), &bundle)?;
    for record in golden_records(bundle.schema(), bundle.golden(), bundle.golden_tensors())? {
        let prediction = predictor.predict(&record)?;
        println!("{} {:?}", prediction.verdict.code(), prediction.confidence);
    }
    Ok(())
}
