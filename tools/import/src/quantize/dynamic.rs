//! Dynamic int8: products by constant weights become `DynamicQuantizeMatMul`, which quantises each row of its
//! operand as it runs. Everything else stays in f32.

use dunlin_bundle::graph::Node;

use super::flow::Flow;
use super::int8::{Channels, per_channel};
use super::net::{Net, node};
use super::prepare::{per_column, transposed};

/// Weights with fewer elements than this are not worth a pass over the rows.
const FEWEST_ELEMENTS: usize = 1024;

/// Rewrites all products that can be; gives their nodes and results.
pub(super) fn rewrite(net: &mut Net) -> Vec<(String, String)> {
    let graph = net.graph.clone();
    let flow = Flow::of(&graph);
    let mut layers = Vec::new();
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    let mut taken = vec![false; graph.nodes.len()];
    for (position, old) in graph.nodes.iter().enumerate() {
        if taken[position] {
            continue;
        }
        match product(net, &flow, old) {
            Some((product, sum)) => {
                layers.push((product.name.clone(), product.outputs[0].clone()));
                sum.into_iter().for_each(|sum| taken[sum] = true);
                nodes.push(product);
            }
            None => nodes.push(old.clone()),
        }
    }
    net.graph.nodes = nodes;
    layers
}

/// The product in int8, and the position of the sum that it does too.
fn product(net: &mut Net, flow: &Flow<'_>, old: &Node) -> Option<(Node, Option<usize>)> {
    let weights = net.floats(old.inputs.get(1)?)?;
    let (weights, bias) = match old.op_type.as_str() {
        // Prepared: its factors are 1.
        "Gemm" if old.int("transA", 0) == 0 && old.int("transB", 0) != 0 => {
            let bias = match old.inputs.get(2) {
                Some(name) => Some(net.floats(name)?.data),
                None => None,
            };
            (transposed(&weights)?, bias)
        }
        "MatMul" if weights.shape.len() == 2 => (weights, None),
        _ => return None,
    };
    let columns = weights.shape[1];
    if weights.data.len() < FEWEST_ELEMENTS || bias.as_ref().is_some_and(|bias| bias.len() != columns) {
        return None;
    }
    let mut outputs = old.outputs.clone();
    let sum = flow.only_user(&outputs[0]).filter(|(_, user)| user.op_type == "Add" && bias.is_none());
    let sum = sum.and_then(|(at, sum)| {
        let added = sum.inputs.iter().find(|input| **input != outputs[0])?;
        Some((at, sum, per_column(net, added, columns)?))
    });
    let (at, bias) = match sum {
        Some((at, sum, bias)) => {
            outputs.clone_from(&sum.outputs);
            (Some(at), Some(bias))
        }
        None => (None, bias),
    };
    let Channels { bytes, scales } = per_channel(&weights, 1, 1.0, None);
    let name = &old.inputs[1];
    let mut inputs = vec![
        old.inputs[0].clone(),
        net.put_i8(&format!("{name}.q"), &weights.shape, &bytes),
        net.put_f32(&format!("{name}.s"), &[columns], &scales),
    ];
    if let Some(bias) = bias {
        let bias = net.put_f32(&format!("{}.bias", old.name), &[columns], &bias);
        inputs.extend([String::new(), bias]);
    }
    Some((node(old.name.clone(), "DynamicQuantizeMatMul", inputs, outputs), at))
}
