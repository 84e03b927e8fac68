//! Imported graphs on the plan's engine against ONNX Runtime on the file itself, which shares no code with either.
//!
//! `DUNLIN_PYTHON` names a Python that has onnx, onnxruntime and numpy; without it the comparison is skipped, aloud.

use std::path::Path;
use std::process::Command;

use dunlin_bundle::Weights;
use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{Engine, PlanEngine, RawOutput};
use dunlin_import::{Batch, import};

#[test]
fn what_is_imported_answers_as_onnx_runtime_answers_to_the_file() {
    let Some(python) = std::env::var_os("DUNLIN_PYTHON").filter(|python| !python.is_empty()) else {
        crate::skipped("no comparison with ONNX Runtime; set DUNLIN_PYTHON to a Python with onnx and onnxruntime");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/onnx_cases.py");
    let ended = Command::new(python).arg(script).arg(folder.path()).status().unwrap();
    assert!(ended.success(), "onnx_cases.py: {ended}");
    let mut cases: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 100, "only {} cases", cases.len());
    let failed: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failed.is_empty(), "{} of {} cases:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

/// Runs a case, all rows at once; says what differs.
fn check(case: &Path) -> Result<(), String> {
    let name = case.file_name().unwrap().to_string_lossy();
    let failed = |error: &dyn std::fmt::Display| format!("{name}: {error}");
    let imported = import(&std::fs::read(case.join("model.onnx")).unwrap()).map_err(|error| failed(&error))?;
    if imported.batch != Batch::Any {
        return Err(failed(&format!("{:?}", imported.batch)));
    }
    let inputs = vec![tensor(&case.join("inputs.safetensors"), "x")];
    let model = PlanEngine::default().compile(&imported.graph, &imported.weights).map_err(|error| failed(&error))?;
    let mut output = RawOutput::default();
    model.new_run().run(&inputs, &mut output).map_err(|error| failed(&error))?;
    for (info, found) in imported.graph.outputs.iter().zip(&output.tensors) {
        let expected = tensor(&case.join("outputs.safetensors"), &info.name);
        if found.shape != expected.shape {
            return Err(failed(&format!("shape {:?}, ONNX Runtime makes {:?}", found.shape, expected.shape)));
        }
        for (found, expected) in found.data.iter().zip(&expected.data) {
            // A quantised result may be rounded the other way.
            let quantum = if name == "Quantized" { 0.1 } else { 0.0 };
            if (found - expected).abs() > quantum + 1e-4 + 1e-4 * expected.abs() {
                return Err(failed(&format!("{found}, ONNX Runtime says {expected}")));
            }
        }
    }
    Ok(())
}

/// A tensor of a file of f32, which may hold NaN, as a bundle's may not.
fn tensor(path: &Path, name: &str) -> Tensor {
    let file = std::fs::read(path).unwrap();
    let (length, rest) = file.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    let header: serde_json::Value = serde_json::from_slice(header).unwrap();
    let numbers = |key: &str| -> Vec<usize> { serde_json::from_value(header[name][key].clone()).unwrap() };
    let (shape, range) = (numbers("shape"), numbers("data_offsets"));
    let values = data[range[0]..range[1]].as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b));
    Tensor { shape, data: values.collect() }
}

#[test]
fn a_tensor_file_of_these_tests_reads_as_a_bundles_does() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = [1.5_f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let weight = dunlin_bundle::Weight {
        dtype: dunlin_bundle::WeightType::Dense(dunlin_bundle::tensor::DType::F32),
        shape: &[2, 1],
        bytes: &bytes,
    };
    let file = dunlin_bundle::safetensors_bytes([("x", weight)]).unwrap();
    std::fs::write(folder.path().join("t"), &file).unwrap();
    let read = tensor(&folder.path().join("t"), "x");
    assert_eq!(Some(&read.data), Weights::from_safetensors(file).unwrap().get("x").unwrap().to_f32().as_ref());
    assert_eq!(read.shape, [2, 1]);
}
