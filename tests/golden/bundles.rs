//! The bundles in this folder: a reader of any later version must still read them, and answer as they say.

use dunlin_bundle::{Bundle, GgmlType, TrustedKeys, WeightType};
use dunlin_engine::{KernelFamily, ReferenceEngine};
use dunlin_features::Record;
use dunlin_predictor::{Prediction, Predictor, verify_golden};
use serde::Deserialize;
use serde_json::{Map, Value};

const BUNDLES: [&str; 2] = ["digits-f32.dunlin", "digits-q8_0.dunlin"];

/// A line of `held-out.jsonl`: a digit that neither training nor the golden set has seen.
#[derive(Deserialize)]
struct Digit {
    record: Map<String, Value>,
    label: String,
}

fn open(name: &str) -> Bundle {
    let mut keys = TrustedKeys::new();
    keys.add("demo", &std::fs::read_to_string(crate::file("demo.pub")).unwrap()).unwrap();
    Bundle::open(&crate::file(name), &keys).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn digits() -> Vec<Digit> {
    let lines = std::fs::read_to_string(crate::file("held-out.jsonl")).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn class(prediction: &Prediction) -> &str {
    &prediction.outputs.as_ref().unwrap()[0].class.as_ref().unwrap().name
}

#[test]
fn the_golden_set_of_each_bundle_agrees_on_this_cpu() {
    for name in BUNDLES {
        let bundle = open(name);
        assert_eq!(bundle.signer(), "demo");
        let report = verify_golden(&mut Predictor::load(&ReferenceEngine, &bundle).unwrap(), &bundle);
        let report = report.unwrap_or_else(|error| panic!("{name}: {error}"));
        eprintln!(
            "{name}: {} cases on {}, worst difference {:.4} of the tolerance",
            report.cases, report.kernels, report.worst
        );
        assert!(report.cases >= 10, "{name} has only {} golden cases", report.cases);
    }
}

#[test]
fn each_bundle_reads_held_out_digits() {
    for name in BUNDLES {
        let bundle = open(name);
        let mut predictor = Predictor::load(&ReferenceEngine, &bundle).unwrap();
        for (line, digit) in digits().iter().enumerate() {
            let record = Record::from_json(bundle.schema(), &digit.record).unwrap();
            let prediction = predictor.predict(&record).unwrap();
            assert_eq!(class(&prediction), digit.label, "{name}, line {} of held-out.jsonl", line + 1);
            assert!(prediction.verdict.is_accept(), "{name}, line {}: {:?}", line + 1, prediction.verdict);
        }
    }
}

#[test]
fn the_baseline_of_each_bundle_answers_most_held_out_digits() {
    for name in BUNDLES {
        let bundle = open(name);
        let mut baseline = Predictor::load_baseline(&ReferenceEngine, &bundle).unwrap().unwrap();
        let digits = digits();
        let right = digits.iter().filter(|digit| {
            let record = Record::from_json(bundle.schema(), &digit.record).unwrap();
            class(&baseline.predict(&record).unwrap()) == digit.label
        });
        let right = right.count();
        assert!(10 * right >= 9 * digits.len(), "{name}: {right} of {}", digits.len());
    }
}

#[test]
fn the_kernel_set_says_what_ran_and_what_was_dequantised() {
    let f32 = Predictor::load(&ReferenceEngine, &open("digits-f32.dunlin")).unwrap();
    assert_eq!(f32.kernels().family(), KernelFamily::F32);
    assert!(f32.kernels().name().ends_with("/f32"), "{}", f32.kernels());

    let blocks = open("digits-q8_0.dunlin");
    assert!(blocks.weights().iter().any(|(_, w)| w.dtype == WeightType::Ggml(GgmlType::Q8_0)));
    let quantized = Predictor::load(&ReferenceEngine, &blocks).unwrap();
    let (family, ending) = if crate::block_kernels_run_here() {
        (KernelFamily::Ggml, "/ggml")
    } else {
        (KernelFamily::F32, "/f32/dequantized-without-dotprod")
    };
    assert_eq!(quantized.kernels().family(), family);
    assert!(quantized.kernels().name().ends_with(ending), "{}", quantized.kernels());
    assert!(quantized.kernels().name().contains(std::env::consts::ARCH), "{}", quantized.kernels());
}
