//! The project's own recipe in int8.

use dunlin_import::quantize::{Method, Options, Samples, quantize};
use dunlin_models::digits::{SEED, train};

#[test]
fn the_digits_lose_at_most_a_hundredth_of_their_accuracy_in_int8() {
    let folder = train(SEED, &mut |_, _| {}).unwrap();
    let samples = Samples::of_folder(&folder).unwrap();
    let options = Options { classes: folder.schema.output[0].classes.clone(), ..Options::default() };
    for method in [Method::Int8, Method::Dynamic] {
        let report = quantize(&folder.graph, &folder.weights, method, &samples, &options).unwrap().report;
        let [float, quantized] = report.accuracy.unwrap();
        eprintln!("{method}: {quantized:.4}, f32 {float:.4}, {:.1} dB", report.snr_db);
        assert!(float > 0.95 && float - quantized <= 0.01, "{method}: {report:?}");
    }
}
