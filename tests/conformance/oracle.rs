//! ONNX Runtime in one Python process, through a folder with a subfolder for each case.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use dunlin_bundle::tensor::{DType, Tensor};
use dunlin_bundle::{Weight, WeightType, Weights, safetensors_bytes};

use crate::cases::Case;

/// What ONNX Runtime answers to each case.
pub(crate) fn run(python: &OsStr, cases: &[Case]) -> Vec<Vec<Tensor>> {
    let folder = tempfile::tempdir().unwrap();
    let at = |number: usize| folder.path().join(format!("{number:05}"));
    cases.iter().enumerate().for_each(|(number, case)| write(&at(number), case));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/onnx_runtime.py");
    let ended = Command::new(python).arg(script).arg(folder.path()).status().unwrap();
    assert!(ended.success(), "onnx_runtime.py: {ended}");
    cases.iter().enumerate().map(|(number, case)| read(&at(number), case)).collect()
}

fn write(folder: &Path, case: &Case) {
    std::fs::create_dir(folder).unwrap();
    std::fs::write(folder.join("graph.json"), serde_json::to_vec(&case.graph).unwrap()).unwrap();
    std::fs::write(folder.join("weights.safetensors"), safetensors_bytes(case.weights.iter()).unwrap()).unwrap();
    let bytes: Vec<Vec<u8>> =
        case.inputs.iter().map(|x| x.data.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let named = case.graph.inputs.iter().zip(&case.inputs).zip(&bytes).map(|((info, x), bytes)| {
        (info.name.as_str(), Weight { dtype: WeightType::Dense(DType::F32), shape: &x.shape, bytes })
    });
    std::fs::write(folder.join("inputs.safetensors"), safetensors_bytes(named).unwrap()).unwrap();
}

fn read(folder: &Path, case: &Case) -> Vec<Tensor> {
    if let Ok(why) = std::fs::read_to_string(folder.join("refused.txt")) {
        panic!("{}: ONNX Runtime refuses it: {why}", case.name());
    }
    let file = std::fs::read(folder.join("outputs.safetensors")).unwrap();
    let outputs = Weights::from_safetensors(file).unwrap_or_else(|error| panic!("{}: {error}", case.name()));
    let one = |name: &str| {
        let weight = outputs.get(name).unwrap();
        Tensor { shape: weight.shape.to_vec(), data: weight.to_f32().unwrap() }
    };
    case.graph.outputs.iter().map(|info| one(&info.name)).collect()
}
