//! `Conv`, one- and two-dimensional, grouped.

use candle_core::{Result as CandleResult, Tensor};
use dunlin_bundle::graph::Node;

use super::super::values::elements;
use super::{Built, Constants, Op, all_inputs};

/// Outputs in candle's tile (512), on as many threads as an on-device CPU has cores.
const TILES: u64 = 512 * 16;

struct Conv {
    group: usize,
    stride: usize,
    dilation: usize,
    /// Before and after, for each spatial dimension; empty without padding.
    pads: Vec<(usize, usize)>,
    /// As the node states it; empty where it does not.
    kernel_shape: Vec<i64>,
    /// Spatial dimensions that the attributes speak of, where they do.
    spatial: Option<usize>,
}

/// Reads a Conv node. Inputs: X (N, C, spatial), W (M, C / group, kernel), and optionally B (M).
pub(super) fn build(node: &Node, _constants: &Constants) -> Result<Built, String> {
    let group = super::size(node, "group", 1)?;
    let stride = uniform(node, "strides")?;
    let dilation = uniform(node, "dilations")?;
    if group == 0 {
        return Err("group must be above 0".to_owned());
    }
    let (pads, kernel_shape) = (pads(node)?, node.ints("kernel_shape").to_vec());
    let lengths = [node.ints("strides").len(), node.ints("dilations").len(), pads.len(), kernel_shape.len()];
    let spatial = lengths.into_iter().find(|length| *length > 0);
    if lengths.iter().any(|length| *length > 0 && Some(*length) != spatial) {
        return Err("kernel_shape, strides, dilations and pads must have one length".to_owned());
    }
    all_inputs(node, Conv { group, stride, dilation, pads, kernel_shape, spatial }, 2..=3)
}

/// A spatial attribute that candle takes once for all dimensions.
pub(super) fn uniform(node: &Node, name: &str) -> Result<usize, String> {
    let values = node.ints(name);
    let first = values.first().copied().unwrap_or(1);
    if values.iter().any(|v| *v != first) {
        return Err(format!("{name} must be equal in all dimensions for this engine"));
    }
    usize::try_from(first).ok().filter(|v| *v > 0).ok_or_else(|| format!("{name} must be above 0"))
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
        if !(3..=4).contains(&x.len()) || w.len() != x.len() || self.spatial.is_some_and(|s| s != x.len() - 2) {
            return Err(format!("X {x:?}, W {w:?} and the attributes must agree on one or two spatial dimensions"));
        }
        if !self.kernel_shape.is_empty()
            && !w[2..].iter().map(|size| *size as i64).eq(self.kernel_shape.iter().copied())
        {
            return Err(format!("kernel_shape {:?} is not that of W {w:?}", self.kernel_shape));
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

    /// candle holds X padded, twice, W once more, and the windows of all outputs (1-D, and kernels of one element) or of
    /// a tile of them for each thread.
    fn scratch(&self, inputs: &[&[usize]], output: &[usize]) -> u64 {
        let (x, w) = (inputs[0], inputs[1]);
        let spatial = (0..x.len() - 2).map(|d| x[d + 2].saturating_add(self.pad(d).0).saturating_add(self.pad(d).1));
        let padded = elements(x[..2].iter().copied().chain(spatial));
        let positions = elements(output[..1].iter().chain(&output[2..]).copied());
        let positions = if x.len() == 4 { positions.min(TILES) } else { positions };
        let window = elements(w[1..].iter().copied()).saturating_add(w[0] as u64);
        let all_windows = if x.len() == 4 && w[2] * w[3] == 1 { padded } else { 0 };
        padded
            .saturating_mul(2)
            .saturating_add(elements(w.iter().copied()))
            .saturating_add(all_windows)
            .saturating_add(positions.saturating_mul(window))
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
