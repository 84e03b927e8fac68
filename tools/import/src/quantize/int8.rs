//! Static int8: `QuantizeLinear` and `DequantizeLinear` around every product, sum and pool, as a plan fuses them.

use std::collections::BTreeMap;

use dunlin_bundle::graph::Node;
use dunlin_bundle::tensor::Tensor;

use super::choose::{Choice, Role, byte_inputs};
use super::net::{Net, node, with_int};
use super::range::ByteScale;

/// Largest magnitude of a weight's byte: -128 is left out, so that the range is symmetric.
const MOST: f32 = 127.0;
/// Largest magnitude of a bias, so that the products' sum has room beside it in 32 bits.
const MOST_BIAS: f32 = (1 << 30) as f32;
/// The size of a bias whose channel has no weight but zero: 20 bits of it are kept.
const LONE_BIAS: f32 = (1 << 20) as f32;

/// Puts the chosen nodes between quantisation and dequantisation. `scales` has one for each value that shares its own.
pub(super) fn rewrite(net: &mut Net, choice: &Choice, scales: &BTreeMap<String, ByteScale>) {
    let graph = net.graph.clone();
    let mut rewriter =
        Rewriter { net, choice, scales, nodes: Vec::new(), stand_ins: BTreeMap::new(), written: BTreeMap::new() };
    for input in &graph.inputs {
        rewriter.beside(&input.name);
    }
    for (old, role) in graph.nodes.iter().zip(&choice.roles) {
        rewriter.node(old, *role);
    }
    let nodes = rewriter.nodes;
    net.graph.nodes = nodes;
}

struct Rewriter<'a> {
    net: &'a mut Net,
    choice: &'a Choice,
    scales: &'a BTreeMap<String, ByteScale>,
    nodes: Vec<Node>,
    /// Dequantised values that stand beside the floats that they were made from.
    stand_ins: BTreeMap<String, String>,
    /// Scale and zero point as initializers, by the value whose scale it is.
    written: BTreeMap<String, Vec<String>>,
}

impl Rewriter<'_> {
    fn node(&mut self, old: &Node, role: Role) {
        let mut new = old.clone();
        let as_bytes = byte_inputs(old, role).len();
        for input in &mut new.inputs[..as_bytes] {
            if let Some(stand_in) = self.stand_ins.get(input) {
                input.clone_from(stand_in);
            }
        }
        if let Role::Product { axis } = role {
            self.weights(old, &mut new, axis);
        }
        let quantized: Vec<String> =
            old.outputs.iter().filter(|v| self.choice.bytes.contains_key(*v)).cloned().collect();
        let (made, beside): (Vec<String>, Vec<String>) =
            quantized.into_iter().partition(|value| self.choice.made.contains(value));
        let mut raws = Vec::new();
        for output in new.outputs.iter_mut().filter(|output| made.contains(output)) {
            let value = output.clone();
            *output = self.net.fresh(&format!("{value}.r"));
            raws.push((output.clone(), value));
        }
        self.nodes.push(new);
        // Whoever used the value uses it dequantised, under its own name.
        raws.into_iter().for_each(|(raw, value)| self.there_and_back(&raw, &value, value.clone()));
        beside.iter().for_each(|value| self.beside(value));
    }

    /// Puts a dequantised value beside floats that others use as they are.
    fn beside(&mut self, value: &str) {
        if self.choice.bytes.contains_key(value) {
            let name = self.net.fresh(&format!("{value}.d"));
            self.stand_ins.insert(value.to_owned(), name.clone());
            self.there_and_back(value, value, name);
        }
    }

    /// Quantises `from`, with the scale of `value`, and dequantises it to `to`.
    fn there_and_back(&mut self, from: &str, value: &str, to: String) {
        let parameters = self.parameters(value);
        let bytes = self.net.fresh(&format!("{value}.q"));
        let name = self.net.fresh(&format!("{value}.dq"));
        let with = |input: &str| [input.to_owned()].into_iter().chain(parameters.iter().cloned()).collect();
        self.nodes.push(node(bytes.clone(), "QuantizeLinear", with(from), vec![bytes.clone()]));
        self.nodes.push(node(name, "DequantizeLinear", with(&bytes), vec![to]));
    }

    /// Names of a value's scale and zero point; a zero point of 0 is left out.
    fn parameters(&mut self, value: &str) -> Vec<String> {
        let shared = &self.choice.bytes[value];
        if let Some(names) = self.written.get(shared) {
            return names.clone();
        }
        let ByteScale { scale, zero } = self.scale(value);
        let mut names = vec![self.net.put_f32(&format!("{shared}.s"), &[], &[scale])];
        if zero != 0 {
            names.push(self.net.scalar_u8(zero));
        }
        self.written.insert(shared.clone(), names.clone());
        names
    }

    fn scale(&self, value: &str) -> ByteScale {
        self.choice.bytes.get(value).and_then(|shared| self.scales.get(shared)).copied().unwrap_or(ByteScale::UNKNOWN)
    }

    /// Gives a product its weights as i8 and its bias as i32, each dequantised.
    fn weights(&mut self, old: &Node, new: &mut Node, axis: usize) {
        let x_scale = self.scale(&old.inputs[0]).scale;
        let Some(weights) = self.net.floats(&old.inputs[1]) else { return };
        let bias = old.inputs.get(2).and_then(|name| self.net.floats(name));
        let Channels { bytes, scales } = per_channel(&weights, axis, x_scale, bias.as_ref().map(|b| b.data.as_slice()));
        let bytes = self.net.put_i8(&format!("{}.q", old.inputs[1]), &weights.shape, &bytes);
        new.inputs[1] = self.dequantized(&old.inputs[1], bytes, &scales, axis);
        if let Some(bias) = bias {
            let units: Vec<f32> = scales.iter().map(|scale| scale * x_scale).collect();
            let whole: Vec<i32> =
                bias.data.iter().zip(&units).map(|(b, unit)| (b / unit).round_ties_even() as i32).collect();
            let whole = self.net.put_i32(&format!("{}.q", old.inputs[2]), &whole);
            new.inputs[2] = self.dequantized(&old.inputs[2], whole, &units, 0);
        }
    }

    /// Adds the node that dequantises a constant, channel by channel; gives what it makes.
    fn dequantized(&mut self, name: &str, quantized: String, scales: &[f32], axis: usize) -> String {
        let scales = self.net.put_f32(&format!("{name}.s"), &[scales.len()], scales);
        let made = self.net.fresh(&format!("{name}.f"));
        let dequantize = node(made.clone(), "DequantizeLinear", vec![quantized, scales], vec![made.clone()]);
        self.nodes.push(with_int(dequantize, "axis", axis as i64));
        made
    }
}

/// Weights as bytes, and the scale of each channel.
pub(super) struct Channels {
    pub(super) bytes: Vec<i8>,
    pub(super) scales: Vec<f32>,
}

/// Weights on symmetric scales, one for each index along `axis`. A bias, in units of `x_scale` by the channel's scale,
/// fits into 32 bits.
pub(super) fn per_channel(weights: &Tensor, axis: usize, x_scale: f32, bias: Option<&[f32]>) -> Channels {
    let channels = weights.shape[axis];
    let after: usize = weights.shape[axis + 1..].iter().product();
    let channel = |i: usize| i / after % channels;
    let mut most = vec![0.0_f32; channels];
    weights.data.iter().enumerate().for_each(|(i, w)| most[channel(i)] = most[channel(i)].max(w.abs()));
    let scale = |c: usize| {
        let own = most[c] / MOST;
        let bias = bias.map_or(0.0, |bias| bias[c].abs()) / x_scale;
        let for_bias = if own > 0.0 { bias / MOST_BIAS } else { bias / LONE_BIAS };
        let scale = own.max(for_bias);
        if scale >= f32::MIN_POSITIVE && scale * x_scale >= f32::MIN_POSITIVE { scale } else { 1.0 }
    };
    let scales: Vec<f32> = (0..channels).map(scale).collect();
    let byte = |(i, w): (usize, &f32)| (w / scales[channel(i)]).round_ties_even().clamp(-MOST, MOST) as i8;
    Channels { bytes: weights.data.iter().enumerate().map(byte).collect(), scales }
}
