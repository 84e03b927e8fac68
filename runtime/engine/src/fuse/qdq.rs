//! Operations between `DequantizeLinear` and `QuantizeLinear`: done in int8, to the same result within one quantum.

use dunlin_bundle::Weights;
use dunlin_kernels::Clamp;
use dunlin_kernels::q8::Requantize;
use dunlin_kernels::vector::{Binary, Reduce};

use super::activation::clamp;
use super::{Uses, rewrite};
use crate::ir::ops::{Conv, MatMul, Pool, PoolKind, QAdd, QConv, QMatMul, QPool, Quantized, Scale};
use crate::ir::{Ir, Node, Op, Type, Value, ValueId};

type Rewritten = Option<(Op, Vec<ValueId>)>;

pub(super) fn fuse(ir: &mut Ir, weights: &Weights) {
    rewrite(ir, |ir, uses, node| match &node.op {
        Op::Quantize(to) => quantized(&Match { ir, uses, weights }, node, to),
        _ => None,
    });
    // Products whose result stays in f32: the last layer of a network. With their bias first, where it stands by itself.
    rewrite(ir, |ir, uses, node| match &node.op {
        Op::Binary(Binary::Add) => Match { ir, uses, weights }.biased(node, None, Clamp::NONE),
        _ => None,
    });
    rewrite(ir, |ir, uses, node| match &node.op {
        Op::MatMul(matmul) => Match { ir, uses, weights }.matmul(node, matmul, node.inputs.get(2).copied(), None),
        _ => None,
    });
}

/// Scale and zero point of a tensor.
#[derive(Clone, Copy)]
struct Whole {
    scale: f32,
    zero: u8,
}

impl Whole {
    fn of(scale: &Scale) -> Option<Self> {
        scale.whole().map(|(scale, zero)| Self { scale, zero })
    }

    /// How a result of this scale becomes u8 within bounds.
    fn requantize(self, clamp: Clamp) -> Requantize {
        let q = |x: f32| ((x / self.scale).round_ties_even() + f32::from(self.zero)).clamp(0.0, 255.0) as u8;
        Requantize { zero: self.zero, min: q(clamp.min), max: q(clamp.max) }
    }
}

/// What a quantisation's input is made of.
fn quantized(m: &Match<'_>, node: &Node, to: &Scale) -> Rewritten {
    let to = Whole::of(to)?;
    let maker = m.uses.only_maker(m.ir, node.inputs[0])?;
    // An activation between the two is part of the bounds.
    if let Op::Unary(unary) = &maker.op {
        let bounds = clamp(unary)?;
        let before = m.uses.only_maker(m.ir, maker.inputs[0])?;
        return match &before.op {
            Op::Binary(Binary::Add) => m.add(before, to, bounds).or_else(|| m.biased(before, Some(to), bounds)),
            _ => None,
        };
    }
    match &maker.op {
        Op::Conv(conv) => m.conv(maker, conv, to),
        Op::MatMul(matmul) => m.matmul(maker, matmul, maker.inputs.get(2).copied(), Some(to)),
        Op::Binary(Binary::Add) => m.add(maker, to, Clamp::NONE).or_else(|| m.biased(maker, Some(to), Clamp::NONE)),
        Op::Pool(pool) => m.pool(maker, pool, to),
        Op::Reduce { op: Reduce::Mean, axes } if axes == &[2, 3] => m.mean(maker, to),
        Op::View | Op::Transpose { .. } | Op::Slice { .. } | Op::Expand | Op::Gather { .. } => m.moved(maker, to),
        Op::Concat { .. } => m.joined(maker, to),
        _ => None,
    }
}

struct Match<'a> {
    ir: &'a Ir,
    uses: &'a Uses,
    weights: &'a Weights,
}

impl<'a> Match<'a> {
    fn value(&self, id: ValueId) -> &'a Value {
        self.ir.value(id)
    }

    /// The quantised activation behind a float one, and its scale.
    fn activation(&self, id: ValueId) -> Option<(ValueId, Whole, &'a Scale)> {
        let maker = self.uses.maker(self.ir, id)?;
        let Op::Dequantize(scale) = &maker.op else { return None };
        let from = maker.inputs[0];
        let is_byte = matches!(self.value(from).ty, Type::U8 | Type::I8) && self.value(from).constant.is_none();
        is_byte.then_some(())?;
        Some((from, Whole::of(scale)?, scale))
    }

    /// The i8 weights behind float ones, and the scale of each of `channels` along `axis`; they have no zero point.
    fn weights(&self, id: ValueId, channels: usize, axis: usize) -> Option<(ValueId, Vec<f32>)> {
        let maker = self.uses.maker(self.ir, id)?;
        let Op::Dequantize(scale) = &maker.op else { return None };
        let from = maker.inputs[0];
        let value = self.value(from);
        if value.ty != Type::I8 || value.bytes().is_none() || scale.zero.iter().any(|zero| *zero != 128) {
            return None;
        }
        match scale.axis {
            None => Some((from, vec![*scale.scale.first()?; channels])),
            Some(at) if at == axis && scale.scale.len() == channels => Some((from, scale.scale.to_vec())),
            Some(_) => None,
        }
    }

    /// The bias in units of each channel's sum: `x.scale * w.scale`.
    fn bias(&self, id: Option<ValueId>, units: &[f32], beta: f32) -> Option<Vec<i32>> {
        let Some(id) = id else { return Some(vec![0; units.len()]) };
        let real: Vec<f32> = match self.uses.maker(self.ir, id) {
            Some(maker) => {
                let Op::Dequantize(scale) = &maker.op else { return None };
                let integers = self.value(maker.inputs[0]).integers()?;
                let scale_of = |c: usize| if scale.scale.len() == 1 { scale.scale[0] } else { scale.scale[c] };
                integers.iter().enumerate().map(|(c, q)| *q as f32 * scale_of(c)).collect()
            }
            None => self.value(id).floats(self.weights)?.to_vec(),
        };
        let of = |c: usize| if real.len() == 1 { Some(real[0]) } else { real.get(c).copied() };
        units.iter().enumerate().map(|(c, unit)| Some((of(c)? * beta / unit).round_ties_even() as i32)).collect()
    }

    fn conv(&self, node: &Node, conv: &Conv, to: Whole) -> Rewritten {
        let (x, from, scale) = self.activation(node.inputs[0])?;
        let channels = self.value(node.inputs[1]).shape[0];
        let (w, w_scales) = self.weights(node.inputs[1], channels, 0)?;
        if conv.residual {
            return None;
        }
        let units: Vec<f32> = w_scales.iter().map(|w| from.scale * w).collect();
        let quantized = Quantized {
            x: scale.clone(),
            requantize: to.requantize(conv.clamp),
            multipliers: units.iter().map(|unit| unit / to.scale).collect(),
            bias: self.bias(node.inputs.get(2).copied(), &units, 1.0)?,
        };
        let conv = Conv { clamp: Clamp::NONE, ..conv.clone() };
        Some((Op::QConv(Box::new(QConv { conv, quantized, residual: None })), vec![x, w]))
    }

    /// A product whose bias is added by a node of its own: that of weights which are dequantised as the graph runs.
    fn biased(&self, sum: &Node, to: Option<Whole>, clamp: Clamp) -> Rewritten {
        let [a, b] = sum.inputs[..] else { return None };
        let (product, bias) = if self.value(b).constant.is_some() { (a, b) } else { (b, a) };
        let maker = self.uses.only_maker(self.ir, product)?;
        let Op::MatMul(matmul) = &maker.op else { return None };
        let (product, bias_shape) = (self.value(product), &self.value(bias).shape);
        let columns = product.shape.last()?;
        let count: usize = bias_shape.iter().product();
        let is_bias = count == 1 || (count == *columns && bias_shape.last() == Some(columns));
        if !is_bias
            || product.shape != self.value(sum.output).shape
            || maker.inputs.len() > 2
            || matmul.clamp != Clamp::NONE
        {
            return None;
        }
        self.matmul(maker, &MatMul { beta: 1.0, clamp, ..matmul.clone() }, Some(bias), to)
    }

    fn matmul(&self, node: &Node, op: &MatMul, bias: Option<ValueId>, to: Option<Whole>) -> Rewritten {
        let (x, from, scale) = self.activation(node.inputs[0])?;
        let shape = &self.value(node.inputs[1]).shape;
        if op.alpha != 1.0 || op.transpose_a || shape.len() != 2 {
            return None;
        }
        let axis = usize::from(!op.transpose_b);
        let (w, w_scales) = self.weights(node.inputs[1], shape[axis], axis)?;
        let units: Vec<f32> = w_scales.iter().map(|w| from.scale * w).collect();
        let bias = self.bias(bias, &units, op.beta)?;
        let requantize = to.map_or(Requantize { zero: 0, min: 0, max: 255 }, |to| to.requantize(op.clamp));
        let multipliers = units.iter().map(|unit| to.map_or(*unit, |to| unit / to.scale)).collect();
        let quantized = Quantized { x: scale.clone(), requantize, multipliers, bias };
        let to_f32 = to.is_none().then(|| vec![0.0; units.len()]);
        let fused = QMatMul { transpose_b: op.transpose_b, quantized, to_f32, clamp: op.clamp };
        Some((Op::QMatMul(Box::new(fused)), vec![x, w]))
    }

    fn add(&self, node: &Node, to: Whole, bounds: Clamp) -> Rewritten {
        let (a, a_scale, _) = self.activation(node.inputs[0])?;
        let (b, b_scale, _) = self.activation(node.inputs[1])?;
        if self.value(a).shape != self.value(b).shape {
            return None;
        }
        let relative = |from: Whole| (from.scale / to.scale, from.zero);
        let add = QAdd { a: relative(a_scale), b: relative(b_scale), requantize: to.requantize(bounds) };
        Some((Op::QAdd(add), vec![a, b]))
    }

    fn pool(&self, node: &Node, pool: &Pool, to: Whole) -> Rewritten {
        let (x, from, _) = self.activation(node.inputs[0])?;
        if pool.kind == PoolKind::Max {
            let same = from.scale == to.scale && from.zero == to.zero;
            return same.then(|| (Op::Pool(pool.clone()), vec![x]));
        }
        Some((self.average(pool.clone(), from, to), vec![x]))
    }

    fn average(&self, pool: Pool, from: Whole, to: Whole) -> Op {
        let x = (from.scale / to.scale, from.zero);
        Op::QPool(QPool { pool, x, requantize: to.requantize(Clamp::NONE) })
    }

    /// The mean over height and width of images is a pool as large as the image.
    fn mean(&self, node: &Node, to: Whole) -> Rewritten {
        let (x, from, _) = self.activation(node.inputs[0])?;
        let [_, _, h, w] = self.value(x).shape[..] else { return None };
        // A result without the two dimensions lies as one with them, of size one; but a pool's result has them.
        if self.value(node.output).shape.len() != 4 {
            return None;
        }
        let kind = PoolKind::Average { include_pad: false };
        let pool = Pool { kind, kernel: [h, w], strides: [1; 2], dilations: [1; 2], pads: [0; 2], pads_after: [0; 2] };
        Some((self.average(pool, from, to), vec![x]))
    }

    /// Tensors of one scale are put together as bytes.
    fn joined(&self, node: &Node, to: Whole) -> Rewritten {
        let part = |id: &ValueId| {
            let (x, from, _) = self.activation(*id)?;
            (from.scale == to.scale && from.zero == to.zero).then_some(x)
        };
        let parts: Option<Vec<ValueId>> = node.inputs.iter().map(part).collect();
        Some((node.op.clone(), parts?))
    }

    /// An op that only moves elements moves bytes as well as floats, where both scales are one.
    fn moved(&self, node: &Node, to: Whole) -> Rewritten {
        let (x, from, _) = self.activation(node.inputs[0])?;
        let same = from.scale == to.scale && from.zero == to.zero;
        let inputs = [x].into_iter().chain(node.inputs[1..].iter().copied()).collect();
        same.then(|| (node.op.clone(), inputs))
    }
}
