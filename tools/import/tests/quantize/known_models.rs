//! The models that speed is measured on: `DUNLIN_DATA` names their folder; without it they are skipped, aloud.

use std::path::PathBuf;

use dunlin_bundle::safetensors_bytes;
use dunlin_import::quantize::{Method, Options, Quantized, Samples, quantize};
use dunlin_import::{Data, import};

use crate::fused::steps;
use crate::oracle::skipped;

/// ONNX file, tflite file of the same model in int8, and bytes of the latter.
pub(crate) const MODELS: [(&str, &str); 5] = [
    ("mlperf-tiny/kws_f32.onnx", "mlperf-tiny/kws_i8.tflite"),
    ("mlperf-tiny/ic_f32.onnx", "mlperf-tiny/ic_i8.tflite"),
    ("mlperf-tiny/vww_f32.onnx", "mlperf-tiny/vww_i8.tflite"),
    ("mlperf-tiny/ad_f32.onnx", "mlperf-tiny/ad_i8.tflite"),
    ("mlp/mlp1_f32.onnx", "mlp/mlp1_i8.tflite"),
];

/// The folder of the models.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("DUNLIN_DATA").map(PathBuf::from)?;
    folder.join(MODELS[0].0).is_file().then_some(folder)
}

pub(crate) fn int8(onnx: &[u8]) -> (Quantized, Data) {
    let imported = import(onnx).unwrap();
    let data = Data::noise(&imported.graph, &imported.weights, 7);
    let samples = Samples::of(&data);
    let quantized = quantize(&imported.graph, &imported.weights, Method::Int8, &samples, &Options::default()).unwrap();
    (quantized, data)
}

#[test]
fn the_known_models_run_wholly_in_int8_and_are_hardly_larger_than_their_tflite() {
    let Some(folder) = folder() else { return skipped("the known models; set DUNLIN_DATA to their folder") };
    for (onnx, tflite) in MODELS {
        let (Quantized { graph, weights, report }, _) = int8(&std::fs::read(folder.join(onnx)).unwrap());
        let (working, converting) = steps(&graph, &weights);
        assert!(working.iter().all(|kernel| kernel.contains("q8")), "{onnx}: {working:?}");
        assert_eq!(converting.len(), 1, "{onnx}: {converting:?}");
        assert!(report.layers.iter().all(|layer| layer.snr_db > 15.0), "{onnx}: {report:?}");
        // As a bundle writes it.
        let ours = serde_json::to_vec_pretty(&graph).unwrap().len() + safetensors_bytes(weights.iter()).unwrap().len();
        let theirs = std::fs::metadata(folder.join(tflite)).unwrap().len();
        eprintln!("{onnx}: {ours} bytes, tflite {theirs}, {:.2}", ours as f64 / theirs as f64);
        assert!(ours as f64 <= 1.1 * theirs as f64, "{onnx}: {ours} bytes, tflite {theirs}");
    }
}
