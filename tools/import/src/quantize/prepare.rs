//! The float graph in the form that quantisation looks for: matrix products as `Gemm` with transposed weights and a
//! bias where their operand is a matrix, means over images as pools.

use std::collections::BTreeMap;

use dunlin_bundle::graph::{Attribute, Node};
use dunlin_bundle::tensor::Tensor;

use super::flow::Flow;
use super::net::{Net, node, with_int};

/// Shapes of the values, by name.
pub(super) type Shapes = BTreeMap<String, Vec<usize>>;

/// Rewrites all nodes that can be.
pub(super) fn prepare(net: &mut Net, shapes: &Shapes) {
    let graph = net.graph.clone();
    let flow = Flow::of(&graph);
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    let mut taken = vec![false; graph.nodes.len()];
    for (position, old) in graph.nodes.iter().enumerate() {
        if taken[position] {
            continue;
        }
        match old.op_type.as_str() {
            "MatMul" => nodes.push(match product(net, &flow, old, shapes) {
                Some((product, sum)) => {
                    sum.into_iter().for_each(|sum| taken[sum] = true);
                    product
                }
                None => old.clone(),
            }),
            "Gemm" => nodes.push(gemm(net, old).unwrap_or_else(|| old.clone())),
            "ReduceMean" => match mean(net, old, shapes) {
                Some(pool) => nodes.extend(pool),
                None => nodes.push(old.clone()),
            },
            _ => nodes.push(old.clone()),
        }
    }
    net.graph.nodes = nodes;
}

/// A matrix as it is, or its transpose.
pub(super) fn transposed(matrix: &Tensor) -> Option<Tensor> {
    let [rows, columns] = matrix.shape[..] else { return None };
    let data = (0..columns).flat_map(|c| (0..rows).map(move |r| matrix.data[r * columns + c])).collect();
    Some(Tensor { shape: vec![columns, rows], data })
}

/// A `MatMul` of a matrix by constant weights, with the sum that follows it: a `Gemm`, and the position of the sum.
fn product(net: &mut Net, flow: &Flow<'_>, old: &Node, shapes: &Shapes) -> Option<(Node, Option<usize>)> {
    let [a, b] = old.inputs.as_slice() else { return None };
    let weights = transposed(&net.floats(b)?)?;
    if shapes.get(a)?.len() != 2 {
        return None;
    }
    let output = old.outputs.first()?;
    let sum = flow.only_user(output).filter(|(_, user)| user.op_type == "Add").and_then(|(at, sum)| {
        let bias = sum.inputs.iter().find(|input| *input != output)?;
        Some((at, sum, per_column(net, bias, weights.shape[0])?))
    });
    let b = net.put_f32(b, &weights.shape, &weights.data);
    let mut made = with_int(node(old.name.clone(), "Gemm", vec![a.clone(), b], old.outputs.clone()), "transB", 1);
    let at = sum.map(|(at, sum, bias)| {
        let name = net.put_f32(&format!("{}.bias", old.name), &[bias.len()], &bias);
        made.inputs.push(name);
        made.outputs.clone_from(&sum.outputs);
        at
    });
    Some((made, at))
}

/// A constant that is added to each column: one value for each, or one for all.
pub(super) fn per_column(net: &Net, name: &str, columns: usize) -> Option<Vec<f32>> {
    let constant = net.floats(name)?;
    match constant.data.as_slice() {
        [value] if constant.shape.len() <= 2 => Some(vec![*value; columns]),
        values if values.len() == columns && constant.shape.len() <= 2 && constant.shape.last() == Some(&columns) => {
            Some(values.to_vec())
        }
        _ => None,
    }
}

/// A `Gemm` with constant weights as one with transposed weights, its factors multiplied in.
fn gemm(net: &mut Net, old: &Node) -> Option<Node> {
    let (alpha, beta) = (old.float("alpha", 1.0) as f32, old.float("beta", 1.0) as f32);
    let is_transposed = old.int("transB", 0) != 0;
    let b = old.inputs.get(1)?;
    let c = old.inputs.get(2).filter(|name| !name.is_empty());
    let weights = net.floats(b)?;
    let columns = *weights.shape.get(usize::from(!is_transposed))?;
    let bias = match c {
        Some(name) => Some(per_column(net, name, columns)?),
        None => None,
    };
    let mut made = old.clone();
    made.inputs.truncate(2);
    if alpha != 1.0 || !is_transposed {
        let mut weights = if is_transposed { weights } else { transposed(&weights)? };
        weights.data.iter_mut().for_each(|w| *w *= alpha);
        made.inputs[1] = net.put_f32(b, &weights.shape, &weights.data);
    }
    if let Some((name, bias)) = c.zip(bias) {
        let bias: Vec<f32> = bias.iter().map(|v| v * beta).collect();
        made.inputs.push(net.put_f32(name, &[columns], &bias));
    }
    made.attributes.retain(|name, _| name == "transA");
    Some(with_int(made, "transB", 1))
}

/// The mean over height and width of images as a pool.
fn mean(net: &mut Net, old: &Node, shapes: &Shapes) -> Option<Vec<Node>> {
    let (x, output) = (old.inputs.first()?, old.outputs.first()?);
    if shapes.get(x)?.len() != 4 {
        return None;
    }
    let mut axes = match (old.inputs.get(1), old.attributes.get("axes")) {
        (Some(name), _) => net.integers(name)?,
        (None, Some(Attribute::Ints(axes))) => axes.clone(),
        _ => return None,
    };
    axes.iter_mut().filter(|axis| **axis < 0).for_each(|axis| *axis += 4);
    axes.sort_unstable();
    if axes != [2, 3] {
        return None;
    }
    if old.int("keepdims", 1) != 0 {
        return Some(vec![node(old.name.clone(), "GlobalAveragePool", vec![x.clone()], vec![output.clone()])]);
    }
    let pooled = net.fresh(&format!("{}.pool", old.name));
    let pool = node(pooled.clone(), "GlobalAveragePool", vec![x.clone()], vec![pooled.clone()]);
    let flat = node(old.name.clone(), "Flatten", vec![pooled], vec![output.clone()]);
    Some(vec![pool, flat])
}
