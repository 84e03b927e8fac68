//! Weights in ggml blocks: products in the one form that takes them. The blocks themselves are made when the model is
//! packed.

use dunlin_bundle::graph::Node;

use super::net::{Net, node, with_int};
use super::prepare::{Shapes, transposed};

/// Writes products of more than two dimensions as `Gemm` between two reshapes; gives the nodes and results of all
/// products.
pub(super) fn rewrite(net: &mut Net, shapes: &Shapes) -> Vec<(String, String)> {
    let graph = net.graph.clone();
    let mut layers = Vec::new();
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    for old in &graph.nodes {
        let is_product = matches!(old.op_type.as_str(), "Gemm" | "MatMul");
        match flat_product(net, old, shapes) {
            Some(product) => nodes.extend(product),
            None => nodes.push(old.clone()),
        }
        if is_product && net.floats(&old.inputs[1]).is_some() {
            layers.push((old.name.clone(), old.outputs[0].clone()));
        }
    }
    net.graph.nodes = nodes;
    layers
}

fn flat_product(net: &mut Net, old: &Node, shapes: &Shapes) -> Option<Vec<Node>> {
    if old.op_type != "MatMul" {
        return None;
    }
    let (x, output) = (old.inputs.first()?, old.outputs.first()?);
    let weights = transposed(&net.floats(old.inputs.get(1)?)?)?;
    let [_, inner @ .., k] = shapes.get(x)?.as_slice() else { return None };
    if inner.is_empty() {
        return None;
    }
    // The first dimension is left open: it may be the batch.
    let whole = |size: &usize| i64::try_from(*size).ok();
    let rows = net.put_i64(&format!("{}.rows", old.name), &[-1, whole(k)?]);
    let back: Option<Vec<i64>> =
        [Some(-1)].into_iter().chain(inner.iter().map(whole)).chain([whole(&weights.shape[0])]).collect();
    let back = net.put_i64(&format!("{}.shape", old.name), &back?);
    let w = net.put_f32(&old.inputs[1], &weights.shape, &weights.data);
    let [flat, product] = ["flat", "product"].map(|what| net.fresh(&format!("{}.{what}", old.name)));
    let gemm_name = net.fresh(&format!("{}.gemm", old.name));
    let gemm = node(gemm_name, "Gemm", vec![flat.clone(), w], vec![product.clone()]);
    Some(vec![
        node(flat.clone(), "Reshape", vec![x.clone(), rows], vec![flat]),
        with_int(gemm, "transB", 1),
        node(old.name.clone(), "Reshape", vec![product, back], vec![output.clone()]),
    ])
}
