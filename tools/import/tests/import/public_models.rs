//! Models that nobody here made, from the folder that `DUNLIN_DATA` names; skipped aloud without it.

use std::path::PathBuf;

use dunlin_bundle::safetensors_bytes;
use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{Engine, PlanEngine, RawOutput};
use dunlin_import::{Batch, Data, Imported, import};

const MODELS: [&str; 6] = [
    "mlp/mlp1_f32",
    "mlp/mlp64_f32",
    "mlperf-tiny/ad_f32",
    "mlperf-tiny/ic_f32",
    "mlperf-tiny/kws_f32",
    "mlperf-tiny/vww_f32",
];

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("DUNLIN_DATA").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        crate::skipped("no public models; set DUNLIN_DATA to a folder that holds mlperf-tiny and mlp");
    }
    folder.map(PathBuf::from)
}

fn imported(path: &std::path::Path) -> Imported {
    import(&std::fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn public_models_take_any_batch_and_are_at_most_a_tenth_larger_than_their_tflite() {
    let Some(folder) = folder() else { return };
    for model in MODELS {
        let imported = imported(&folder.join(format!("{model}.onnx")));
        assert_eq!(imported.batch, Batch::Any, "{model}");
        let graph = serde_json::to_vec(&imported.graph).unwrap().len();
        let weights = safetensors_bytes(imported.weights.iter()).unwrap().len();
        let tflite = std::fs::metadata(folder.join(format!("{model}.tflite"))).unwrap().len() as f64;
        let ratio = (graph + weights) as f64 / tflite;
        assert!(ratio <= 1.1, "{model}: graph {graph} and weights {weights} are {ratio:.3} of the tflite");
    }
}

#[test]
fn public_models_answer_a_batch_as_they_answer_its_rows() {
    let Some(folder) = folder() else { return };
    for model in MODELS {
        let Imported { graph, weights, .. } = imported(&folder.join(format!("{model}.onnx")));
        let rows = Data::noise(&graph, &weights, 1).rows;
        let rows: Vec<Vec<f32>> = rows.into_iter().take(3).map(|row| row.inputs[0].clone()).collect();
        let shape = |count: usize| {
            let row = graph.inputs[0].shape.iter().skip(1).map(|dim| match dim {
                dunlin_bundle::graph::Dim::Size(size) => *size,
                dunlin_bundle::graph::Dim::Symbol(_) => panic!("{model} has an open row"),
            });
            std::iter::once(count).chain(row).collect::<Vec<usize>>()
        };
        let mut run = PlanEngine::default().compile(&graph, &weights).unwrap().new_run();
        let mut answer = |rows: &[Vec<f32>]| {
            let mut output = RawOutput::default();
            run.run(&[Tensor { shape: shape(rows.len()), data: rows.concat() }], &mut output).unwrap();
            output.tensors[0].data.clone()
        };
        let together = answer(&rows);
        let alone: Vec<f32> = rows.iter().flat_map(|row| answer(std::slice::from_ref(row))).collect();
        assert_eq!(together.len(), alone.len());
        let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-4 + 1e-4 * b.abs();
        assert!(together.iter().zip(&alone).all(close), "{model}");
    }
}
