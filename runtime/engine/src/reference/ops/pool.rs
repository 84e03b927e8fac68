//! `MaxPool`, `AveragePool` and `GlobalAveragePool` over two spatial dimensions, without padding.

use candle_core::{D, Result as CandleResult, Tensor};
use dunlin_bundle::graph::Node;

use super::{Built, Constants, Op, all_inputs, conv};

enum Pool {
    Max(Window),
    Average(Window),
    GlobalAverage,
}

struct Window {
    kernel: (usize, usize),
    stride: (usize, usize),
}

/// Reads a pooling node with input X (N, C, H, W).
pub(super) fn build(node: &Node, _constants: &Constants) -> Result<Built, String> {
    let pool = match node.op_type.as_str() {
        "MaxPool" => Pool::Max(window(node)?),
        "AveragePool" => Pool::Average(window(node)?),
        _ => Pool::GlobalAverage,
    };
    all_inputs(node, pool, 1..=1)
}

fn window(node: &Node) -> Result<Window, String> {
    if conv::pads(node)?.iter().any(|p| *p != (0, 0)) {
        return Err("padded pooling is not supported; pad before".to_owned());
    }
    if node.int("ceil_mode", 0) != 0 || conv::uniform(node, "dilations")? != 1 {
        return Err("ceil_mode and dilations are not supported".to_owned());
    }
    let size = |value: i64| usize::try_from(value).ok().filter(|size| *size > 0);
    let pair = |values: &[i64], name: &str| {
        match *values {
            [h, w] => size(h).zip(size(w)),
            _ => None,
        }
        .ok_or_else(|| format!("{name} must hold two sizes above 0"))
    };
    let kernel = pair(node.ints("kernel_shape"), "kernel_shape")?;
    let stride = if node.ints("strides").is_empty() { (1, 1) } else { pair(node.ints("strides"), "strides")? };
    Ok(Window { kernel, stride })
}

/// candle's own loses a NaN that is not the first of its window, and a guard can only see what reaches the output.
fn max_pool(x: &Tensor, window: &Window) -> CandleResult<Tensor> {
    let y = x.max_pool2d_with_stride(window.kernel, window.stride)?;
    let any_nan = x.ne(x)?.max_pool2d_with_stride(window.kernel, window.stride)?;
    any_nan.where_cond(&y.affine(0.0, f64::NAN)?, &y)
}

impl Op for Pool {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let [n, c, h, w] = *inputs[0] else { return Err(format!("X must have four dimensions, has {:?}", inputs[0])) };
        match self {
            Self::GlobalAverage => Ok(vec![n, c, 1, 1]),
            Self::Max(window) | Self::Average(window) => {
                let high = conv::windows(h, window.kernel.0, window.stride.0, 1, (0, 0))?;
                Ok(vec![n, c, high, conv::windows(w, window.kernel.1, window.stride.1, 1, (0, 0))?])
            }
        }
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        match self {
            Self::Max(window) => max_pool(inputs[0], window),
            Self::Average(window) => inputs[0].avg_pool2d_with_stride(window.kernel, window.stride),
            Self::GlobalAverage => inputs[0].mean_keepdim(D::Minus1)?.mean_keepdim(D::Minus2),
        }
    }
}
