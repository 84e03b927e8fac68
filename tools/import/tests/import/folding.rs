//! Folded graphs answer as unfolded ones do, both run op by op.

use dunlin_bundle::graph::Graph;
use dunlin_bundle::tensor::{DType, Tensor};
use dunlin_bundle::{Weight, WeightType, Weights, safetensors_bytes};

use dunlin_engine::{Engine, RawOutput, ReferenceEngine, fold_batch_norm};

/// A tensor of numbers that differ from each other, all between 0.1 and 1.9.
fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let data = (0..shape.iter().product()).map(|i| 0.1 + ((i * 37 + seed * 101) % 181) as f32 / 100.0);
    Tensor { shape: shape.to_vec(), data: data.collect() }
}

fn weights<'a>(tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>) -> Weights {
    let bytes = |tensor: &Tensor| tensor.data.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let owned: Vec<_> = tensors.into_iter().map(|(name, tensor)| (name, tensor.shape.clone(), bytes(tensor))).collect();
    let borrowed = owned.iter().map(|(name, shape, bytes)| {
        (*name, Weight { dtype: WeightType::Dense(DType::F32), shape: shape.as_slice(), bytes: bytes.as_slice() })
    });
    Weights::from_safetensors(safetensors_bytes(borrowed).unwrap()).unwrap()
}

fn graph(input: &str, output: &str, initializers: &[&str], nodes: &str) -> Graph {
    let names = initializers.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
    let text = format!(
        r#"{{"opset":21,"inputs":[{{"name":"x","dtype":"F32","shape":{input}}}],
        "outputs":[{{"name":"y","dtype":"F32","shape":{output}}}],"initializers":[{names}],"nodes":[{nodes}]}}"#
    );
    serde_json::from_str(&text).unwrap()
}

fn run(graph: &Graph, weights: &Weights, x: &Tensor) -> Vec<f32> {
    let mut output = RawOutput::default();
    ReferenceEngine.compile(graph, weights).unwrap().new_run().run(std::slice::from_ref(x), &mut output).unwrap();
    output.tensors[0].data.clone()
}

/// Folds, checks that so many nodes are left and that answers are the same, and gives the folded graph.
fn check(graph: &Graph, tensors: &[(&str, Tensor)], x: &Tensor, left: usize) -> Graph {
    let before = weights(tensors.iter().map(|(name, tensor)| (*name, tensor)));
    let (folded, replaced) = fold_batch_norm(graph, &before);
    assert_eq!(folded.nodes.len(), left, "{folded:?}");
    let kept = tensors.iter().filter(|(name, _)| !replaced.contains_key(*name));
    let kept = kept.filter(|(name, _)| folded.initializers.iter().any(|i| i == name)).map(|(name, t)| (*name, t));
    let after = weights(kept.chain(replaced.iter().map(|(name, tensor)| (name.as_str(), tensor))));
    assert_eq!(after.len(), folded.initializers.len(), "an initializer is unused");
    for (found, expected) in run(&folded, &after, x).iter().zip(run(graph, &before, x)) {
        assert!((found - expected).abs() <= 1e-5 + 1e-5 * expected.abs(), "{found}, unfolded {expected}");
    }
    folded
}

const BATCH_NORM: &str = r#"{"name":"bn","op_type":"BatchNormalization","inputs":["c","g","b","m","v"],"outputs":["y"],
    "attributes":{"epsilon":0.01}}"#;

fn batch_norm(channels: usize) -> Vec<(&'static str, Tensor)> {
    ["g", "b", "m", "v"].iter().enumerate().map(|(i, name)| (*name, numbers(&[channels], i + 7))).collect()
}

#[test]
fn a_convolution_takes_its_batch_normalization_in_with_a_bias_and_without() {
    for bias in [false, true] {
        let inputs = if bias { r#"["x","w","cb"]"# } else { r#"["x","w"]"# };
        let nodes = format!(r#"{{"name":"conv","op_type":"Conv","inputs":{inputs},"outputs":["c"]}},{BATCH_NORM}"#);
        let mut tensors = batch_norm(3);
        tensors.push(("w", numbers(&[3, 2, 2, 2], 1)));
        let mut names = vec!["g", "b", "m", "v", "w"];
        if bias {
            tensors.push(("cb", numbers(&[3], 2)));
            names.push("cb");
        }
        let graph = graph("[\"N\",2,4,4]", "[\"N\",3,3,3]", &names, &nodes);
        let folded = check(&graph, &tensors, &numbers(&[2, 2, 4, 4], 3), 1);
        assert_eq!(folded.nodes[0].inputs[1], "w", "a weight that nobody else uses keeps its name");
    }
}

#[test]
fn a_gemm_takes_it_in_whichever_way_its_matrix_lies_and_whatever_its_factors() {
    for transposed in [0, 1] {
        let shape = if transposed == 0 { [4, 3] } else { [3, 4] };
        let gemm = format!(
            r#"{{"name":"gemm","op_type":"Gemm","inputs":["x","w","cb"],"outputs":["c"],
            "attributes":{{"alpha":0.5,"beta":2.0,"transB":{transposed}}}}},{BATCH_NORM}"#
        );
        let mut tensors = batch_norm(3);
        tensors.extend([("w", numbers(&shape, 1)), ("cb", numbers(&[1, 3], 2))]);
        let graph = graph("[\"N\",4]", "[\"N\",3]", &["g", "b", "m", "v", "w", "cb"], &gemm);
        check(&graph, &tensors, &numbers(&[2, 4], 3), 1);
    }
}

#[test]
fn scales_and_shifts_for_each_channel_are_folded_one_after_the_other() {
    let nodes = r#"{"name":"conv","op_type":"Conv","inputs":["x","w"],"outputs":["c"]},
        {"name":"mul","op_type":"Mul","inputs":["s","c"],"outputs":["d"]},
        {"name":"sub","op_type":"Sub","inputs":["d","t"],"outputs":["e"]},
        {"name":"div","op_type":"Div","inputs":["e","one"],"outputs":["y"]}"#;
    let tensors = [
        ("w", numbers(&[3, 2, 2, 2], 1)),
        ("s", numbers(&[3, 1, 1], 2)),
        ("t", numbers(&[1, 3, 1, 1], 4)),
        ("one", numbers(&[], 5)),
    ];
    let graph = graph("[\"N\",2,4,4]", "[\"N\",3,3,3]", &["w", "s", "t", "one"], nodes);
    check(&graph, &tensors, &numbers(&[1, 2, 4, 4], 3), 1);
}

#[test]
fn a_constant_that_differs_along_the_width_is_no_scale_of_channels() {
    let nodes = r#"{"name":"conv","op_type":"Conv","inputs":["x","w"],"outputs":["c"]},
        {"name":"mul","op_type":"Mul","inputs":["c","s"],"outputs":["y"]}"#;
    let tensors = [("w", numbers(&[3, 2, 2, 2], 1)), ("s", numbers(&[3], 2))];
    let graph = graph("[\"N\",2,4,4]", "[\"N\",3,3,3]", &["w", "s"], nodes);
    check(&graph, &tensors, &numbers(&[1, 2, 4, 4], 3), 2);
}

#[test]
fn a_result_that_somebody_else_uses_is_left_alone_and_so_is_a_weight_of_two_nodes() {
    let nodes = format!(
        r#"{{"name":"conv","op_type":"Conv","inputs":["x","w"],"outputs":["c"]}},{},
        {{"name":"add","op_type":"Add","inputs":["c","z"],"outputs":["y"]}}"#,
        BATCH_NORM.replace("\"y\"", "\"z\"")
    );
    let mut tensors = batch_norm(3);
    tensors.push(("w", numbers(&[3, 2, 2, 2], 1)));
    let names = ["g", "b", "m", "v", "w"];
    check(&graph("[\"N\",2,4,4]", "[\"N\",3,3,3]", &names, &nodes), &tensors, &numbers(&[1, 2, 4, 4], 3), 3);

    let nodes = format!(
        r#"{{"name":"conv","op_type":"Conv","inputs":["x","w"],"outputs":["c"]}},{},
        {{"name":"twin","op_type":"Conv","inputs":["x","w"],"outputs":["u"]}},
        {{"name":"add","op_type":"Add","inputs":["u","z"],"outputs":["y"]}}"#,
        BATCH_NORM.replace("\"y\"", "\"z\"")
    );
    let graph = graph("[\"N\",2,4,4]", "[\"N\",3,3,3]", &names, &nodes);
    let folded = check(&graph, &tensors, &numbers(&[1, 2, 4, 4], 3), 3);
    assert_eq!(folded.nodes[0].inputs[1], "conv.weight");
    assert_eq!(folded.nodes[1].inputs[1], "w");
}

#[test]
fn a_variance_that_makes_weights_infinite_is_not_folded() {
    let nodes = format!(
        r#"{{"name":"conv","op_type":"Conv","inputs":["x","w"],"outputs":["c"]}},{}"#,
        BATCH_NORM.replace("0.01", "0.0")
    );
    let mut tensors = batch_norm(3);
    tensors[3].1.data = vec![0.0; 3];
    tensors.push(("w", numbers(&[3, 2, 2, 2], 1)));
    let graph = graph("[\"N\",2,4,4]", "[\"N\",3,3,3]", &["g", "b", "m", "v", "w"], &nodes);
    let all = weights(tensors.iter().map(|(name, tensor)| (*name, tensor)));
    let (folded, replaced) = fold_batch_norm(&graph, &all);
    assert_eq!((folded, replaced.len()), (graph, 0));
}
