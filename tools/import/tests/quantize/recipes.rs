//! The project's own recipes in int8.

use dunlin_import::quantize::{Method, Options, Samples, quantize};
use dunlin_models::{ModelFolder, digits, vibration};

/// Quantises and compares: f32 reaches `least`, and at most a hundredth of the accuracy is lost.
fn loses_at_most_a_hundredth(folder: &ModelFolder, methods: &[Method], least: f64) {
    let samples = Samples::of_folder(folder).unwrap();
    let options = Options { classes: folder.schema.output[0].classes.clone(), ..Options::default() };
    for method in methods {
        let report = quantize(&folder.graph, &folder.weights, *method, &samples, &options).unwrap().report;
        let [float, quantized] = report.accuracy.unwrap();
        eprintln!("{method}: {quantized:.4}, f32 {float:.4}, {:.1} dB", report.snr_db);
        assert!(float > least && float - quantized <= 0.01, "{method}: {report:?}");
    }
}

#[test]
fn the_digits_lose_at_most_a_hundredth_of_their_accuracy_in_int8() {
    let folder = digits::train(digits::SEED, &mut |_, _| {}).unwrap();
    loses_at_most_a_hundredth(&folder, &[Method::Int8, Method::Dynamic], 0.95);
}

#[test]
fn the_vibration_loses_at_most_a_hundredth_of_its_accuracy_in_int8() {
    let folder = vibration::train(vibration::SEED, &mut |_, _| {}).unwrap();
    loses_at_most_a_hundredth(&folder, &[Method::Int8], 0.92);
}
