//! `Conv`, one- and two-dimensional, grouped.

use candle_core::{Result as CandleResult, Tensor};
use dunlin_bundle::graph::Node;

use super::{Built, Constants, Op, all_inputs};

struct Conv {
    group: usize,
    stride: usize,
    dilation: usize,
    /// Before and after, for each spatial dimension.
    pads: Vec<(usize, usize)>,
}

/// Reads a Conv node. Inputs: X (N, C, spatial), W (M, C / group, kernel), and optionally B (M).
pub(super) fn build(node: &Node, _constants: &Constants) -> Result<Built, String> {
    if node.attributes.contains_key("auto_pad") {
        return Err("auto_pad is not supported; write explicit pads".to_owned());
    }
    let group = super::size(node, "group", 1)?;
    let stride = uniform(node, "strides")?;
    let dilation = uniform(node, "dilations")?;
    if group == 0 || stride == 0 || dilation == 0 {
        return Err("group, strides and dilations must be above 0".to_owned());
    }
    all_inputs(node, Conv { group, stride, dilation, pads: pads(node)? }, 2..=3)
}

/// A spatial attribute that candle takes once for all dimensions.
pub(super) fn uniform(node: &Node, name: &str) -> Result<usize, String> {
    let values = node.ints(name);
    let first = values.first().copied().unwrap_or(1);
    if values.iter().any(|v| *v != first) {
        return Err(format!("{name} must be equal in all dimensions for this engine"));
    }
    usize::try_from(first).map_err(|_| format!("{name} must not be negative"))
}

/// ONNX `pads`: all the befores, then all the afters.
pub(super) fn pads(node: &Node) -> Result<Vec<(usize, usize)>, String> {
    let values = node.ints("pads").iter().map(|v| usize::try_from(*v)).collect::<Result<Vec<_>, _>>();
    let values = values.map_err(|_| "pads must not be negative".to_owned())?;
    let (before, after) = values.split_at(values.len() / 2);
    if before.len() != after.len() {
        return Err("pads must hold a before and an after for each dimension".to_owned());
    }
    Ok(before.iter().copied().zip(after.iter().copied()).collect())
}

/// Positions of a window of `kernel` along a padded dimension, by ONNX's floor formula.
pub(super) fn windows(
    size: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    pad: (usize, usize),
) -> Result<usize, String> {
    let padded = size.checked_add(pad.0).and_then(|s| s.checked_add(pad.1));
    let reach = kernel.checked_sub(1).and_then(|k| k.checked_mul(dilation)).and_then(|r| r.checked_add(1));
    match (padded, reach) {
        (Some(padded), Some(reach)) if reach <= padded => Ok((padded - reach) / stride + 1),
        _ => Err(format!("a window of {kernel} does not fit in {size} with pads {pad:?}")),
    }
}

impl Conv {
    fn pad(&self, dimension: usize) -> (usize, usize) {
        self.pads.get(dimension).copied().unwrap_or((0, 0))
    }
}

impl Op for Conv {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let (x, w) = (inputs[0], inputs[1]);
        if !(3..=4).contains(&x.len()) || w.len() != x.len() || self.pads.len() > x.len() - 2 {
            return Err(format!("X {x:?}, W {w:?} and the pads must agree on one or two spatial dimensions"));
        }
        if w[1].checked_mul(self.group) != Some(x[1]) || !w[0].is_multiple_of(self.group) || w[0] == 0 {
            return Err(format!("X {x:?} and W {w:?} do not agree on channels for {} groups", self.group));
        }
        if inputs.get(2).is_some_and(|b| **b != [w[0]]) {
            return Err(format!("B must have shape [{}]", w[0]));
        }
        let mut shape = vec![x[0], w[0]];
        for d in 0..x.len() - 2 {
            shape.push(windows(x[d + 2], w[d + 2], self.stride, self.dilation, self.pad(d))?);
        }
        Ok(shape)
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        let mut x = inputs[0].clone();
        for d in 0..x.rank() - 2 {
            let (before, after) = self.pad(d);
            if (before, after) != (0, 0) {
                x = x.pad_with_zeros(d + 2, before, after)?;
            }
        }
        let y = match x.rank() {
            3 => x.conv1d(inputs[1], 0, self.stride, self.dilation, self.group)?,
            _ => x.conv2d(inputs[1], 0, self.stride, self.dilation, self.group)?,
        };
        match inputs.get(2) {
            Some(bias) => {
                let mut shape = vec![1; y.rank()];
                shape[1] = bias.elem_count();
                y.broadcast_add(&bias.reshape(shape)?)
            }
            None => Ok(y),
        }
    }
}
