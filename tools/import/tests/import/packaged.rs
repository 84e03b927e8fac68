//! An import becomes a model folder and a bundle; what nobody said is assumed aloud.

use dunlin_bundle::Contents;
use dunlin_bundle::schema::Task;
use dunlin_bundle::tensor::DType;
use dunlin_bundle::{Weight, WeightType, safetensors_bytes};
use dunlin_import::package::{Description, PackageError, model_folder};
use dunlin_import::{Data, DataError, Imported, Source, import};
use dunlin_models::ModelFolder;
use dunlin_models::pack::{Precision, pack};

use crate::proto::{INT64, Onnx, int, ints};

/// Rows of 4 numbers to scores of 3 classes, ending in an op.
fn classifier(last: &str) -> Imported {
    let onnx = Onnx::new(13).input("x", &[1, 4]).some_floats("w", &[4, 3]).node("MatMul", &["x", "w"], &["m"], &[]);
    let onnx =
        if last.is_empty() { onnx.node("Neg", &["m"], &["y"], &[]) } else { onnx.node(last, &["m"], &["y"], &[]) };
    import(&onnx.output("y").bytes()).unwrap()
}

fn folder(imported: &Imported, classes: &[&str], notes: &mut Vec<String>) -> Result<ModelFolder, PackageError> {
    let classes: Vec<String> = classes.iter().map(|class| (*class).to_owned()).collect();
    let data = Data::noise(&imported.graph, &imported.weights, 7);
    model_folder(imported, &Description { id: "model", classes: &classes, data: &data }, notes)
}

#[test]
fn what_takes_or_makes_no_elements_is_not_packed() {
    let nothing = Onnx::new(18).input("x", &[1, 4]).ints("z", &[1], &[0]).ints("a", &[1], &[1]);
    let nothing = nothing.node("Slice", &["x", "z", "z", "a"], &["y"], &[]);
    let constant = Onnx::new(18).some_floats("c", &[1, 4]).node("Abs", &["c"], &["y"], &[]);
    for (onnx, culprit) in [(nothing, "'y'"), (constant, "no input")] {
        let refused = folder(&import(&onnx.output("y").bytes()).unwrap(), &[], &mut Vec::new()).map(|_| ());
        assert!(matches!(&refused, Err(PackageError::Empty { what }) if what.contains(culprit)), "{refused:?}");
    }
}

#[test]
fn an_import_packs_into_a_bundle_that_says_where_it_is_from() {
    let imported = classifier("Softmax");
    let mut notes = Vec::new();
    let folder = folder(&imported, &["low", "middle", "high"], &mut notes).unwrap();
    let contents = Contents::read_unsigned(pack(&folder, Precision::F32).unwrap().bytes).unwrap();
    assert_eq!(contents.manifest().model_id, "model");
    assert_eq!(contents.schema().output[0].task, Task::MulticlassClassification);
    assert_eq!(contents.schema().output[0].classes, ["low", "middle", "high"]);
    assert!(contents.readme().contains("Imported from ONNX"), "{}", contents.readme());
    assert!(contents.readme().contains("only speed can be trusted"), "{}", contents.readme());
    assert!(!contents.golden().cases.is_empty());
}

#[test]
fn the_same_import_makes_the_same_bundle() {
    let bytes = || pack(&folder(&classifier("Softmax"), &[], &mut Vec::new()).unwrap(), Precision::F32).unwrap().bytes;
    assert_eq!(bytes(), bytes());
}

#[test]
fn tasks_follow_from_width_ending_and_classes() {
    let task = |imported: &Imported, classes: &[&str]| {
        let folder = folder(imported, classes, &mut Vec::new()).unwrap();
        (folder.schema.output[0].task, folder.graph.nodes.len())
    };
    assert_eq!(task(&classifier("Softmax"), &[]).0, Task::MulticlassClassification);
    assert_eq!(task(&classifier(""), &[]), (Task::Embedding, 2));
    // Plain scores that are said to be of classes get a softmax.
    assert_eq!(task(&classifier(""), &["a", "b", "c"]), (Task::MulticlassClassification, 3));
    let single = |last| {
        let onnx = Onnx::new(13).input("x", &[1, 4]).some_floats("w", &[4, 1]).node("MatMul", &["x", "w"], &["m"], &[]);
        import(&onnx.node(last, &["m"], &["y"], &[]).output("y").bytes()).unwrap()
    };
    assert_eq!(task(&single("Sigmoid"), &[]).0, Task::BinaryClassification);
    assert_eq!(task(&single("Neg"), &[]).0, Task::Regression);
}

#[test]
fn classes_that_fit_no_output_are_refused() {
    let refused = folder(&classifier("Softmax"), &["a", "b"], &mut Vec::new());
    assert!(matches!(refused, Err(PackageError::Classes { classes: 2, .. })), "{refused:?}");
}

#[test]
fn a_graph_that_takes_only_many_rows_at_once_is_refused() {
    let onnx = Onnx::new(13).input("x", &[4, 3]).node("ReduceMean", &["x"], &["m"], &[ints("axes", &[0])]);
    let imported = import(&onnx.node("Sub", &["x", "m"], &["y"], &[]).output("y").bytes()).unwrap();
    let error = folder(&imported, &[], &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("'ReduceMean0'") && error.contains("batch of 1"), "{error}");
}

#[test]
fn rows_are_read_from_json_lines_and_from_safetensors() {
    let graph = classifier("Softmax").graph;
    let lines = "{\"x\": [1, 2, 3, 4]}\n\n{\"record\": {\"x\": [[5, 6], [7, 8]]}, \"label\": \"1\"}\n";
    let data = Data::from_jsonl(&graph, lines).unwrap();
    assert_eq!(data.source, Source::Given);
    assert_eq!(data.rows[0].inputs, [[1.0, 2.0, 3.0, 4.0]]);
    assert_eq!(data.rows[1].label, Some("1".into()));
    let bytes: Vec<u8> = (0..8).flat_map(|i| (i as f32).to_le_bytes()).collect();
    let weight = |shape| Weight { dtype: WeightType::Dense(DType::F32), shape, bytes: &bytes };
    let file = safetensors_bytes([("x", weight(&[2, 4]))]).unwrap();
    assert_eq!(Data::from_safetensors(&graph, file).unwrap().rows[1].inputs, [[4.0, 5.0, 6.0, 7.0]]);
    let wrong = safetensors_bytes([("x", weight(&[4, 2]))]).unwrap();
    assert!(matches!(Data::from_safetensors(&graph, wrong), Err(DataError::Tensor { .. })));
    for (line, problem) in [("{\"x\": [1]}", "a row takes 4"), ("{\"z\": [1]}", "'x' is missing"), ("[]", "line 1")] {
        let error = Data::from_jsonl(&graph, line).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
    assert!(matches!(Data::from_jsonl(&graph, "\n"), Err(DataError::Empty)));
}

#[test]
fn noise_for_a_table_stays_within_it() {
    let onnx = Onnx::new(13).input_of("x", INT64, &[1, 50]).some_floats("t", &[9, 2]);
    let imported = import(&onnx.node("Gather", &["t", "x"], &["y"], &[int("axis", 0)]).output("y").bytes()).unwrap();
    let data = Data::noise(&imported.graph, &imported.weights, 7);
    let values: Vec<f32> = data.rows.iter().flat_map(|row| row.inputs[0].clone()).collect();
    assert!(values.iter().all(|v| v.fract() == 0.0 && (0.0..9.0).contains(v)));
    assert!(values.contains(&8.0) && values.contains(&0.0));
}

#[test]
fn a_probability_that_adds_up_to_a_little_more_than_one_is_within_its_domain() {
    let folder = folder(&classifier("Softmax"), &[], &mut Vec::new()).unwrap();
    let domain = folder.schema.output[0].float_domain.unwrap();
    let leaves: f32 = [0.05_f32; 20].iter().sum();
    assert!(leaves > 1.0 && domain.contains(leaves.into()));
    assert!(domain.contains((1.0 - leaves).into()) && !domain.contains(1.01) && !domain.contains(-0.01));
}
