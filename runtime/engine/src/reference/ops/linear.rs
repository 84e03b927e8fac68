//! `Gemm` and `MatMul`, with a right-hand side that is dense or in ggml blocks.

use std::sync::Arc;

use candle_core::quantized::QMatMul;
use candle_core::{Module, Result as CandleResult, Tensor};
use dunlin_bundle::graph::Node;

use super::super::constants::Constant;
use super::{Built, Constants, Op};

/// The right-hand side of a product.
enum Right {
    /// An operand of the run, transposed if it says so.
    Operand { transposed: bool },
    /// Blocks of shape (n, k): always the transposed side.
    Blocks { matmul: Arc<QMatMul>, shape: Vec<usize> },
}

struct Product {
    right: Right,
    alpha: f64,
    beta: f64,
}

/// Y = alpha * A * B + beta * C, with B transposed when `transB` is 1. A's transposition is not supported.
pub(super) fn build_gemm(node: &Node, constants: &Constants) -> Result<Built, String> {
    if node.int("transA", 0) != 0 {
        return Err("transA is not supported; transpose before".to_owned());
    }
    let transposed = node.int("transB", 0) != 0;
    build(node, constants, transposed, 2..=3)
}

/// Y = A * B over the last two dimensions.
pub(super) fn build_matmul(node: &Node, constants: &Constants) -> Result<Built, String> {
    build(node, constants, false, 2..=2)
}

fn build(
    node: &Node,
    constants: &Constants,
    transposed: bool,
    count: std::ops::RangeInclusive<usize>,
) -> Result<Built, String> {
    if !count.contains(&node.inputs.len()) {
        return Err(format!("takes {} to {} inputs, has {}", count.start(), count.end(), node.inputs.len()));
    }
    let (alpha, beta) = (node.float("alpha", 1.0), node.float("beta", 1.0));
    let mut inputs = node.inputs.clone();
    let right = match constants.get(&node.inputs[1]) {
        Some(Constant::Blocks { matmul, shape }) if transposed => {
            inputs.remove(1);
            Right::Blocks { matmul: Arc::clone(matmul), shape: shape.clone() }
        }
        Some(Constant::Blocks { .. }) => return Err("B in ggml blocks needs Gemm with transB = 1".to_owned()),
        _ => Right::Operand { transposed },
    };
    Ok(Built { op: Box::new(Product { right, alpha, beta }), inputs })
}

impl Product {
    /// Position of the bias among the run's inputs.
    fn bias(&self) -> usize {
        if matches!(self.right, Right::Blocks { .. }) { 1 } else { 2 }
    }
}

impl Op for Product {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let a = inputs[0];
        let b = match &self.right {
            Right::Blocks { shape, .. } => shape.as_slice(),
            Right::Operand { .. } => inputs[1],
        };
        let transposed = !matches!(self.right, Right::Operand { transposed: false });
        let (batch, [k, n]) = match b {
            [batch @ .., n, k] if transposed => (batch, [*k, *n]),
            [batch @ .., k, n] => (batch, [*k, *n]),
            _ => return Err(format!("B must have at least two dimensions, has {b:?}")),
        };
        let fits =
            a.len() >= 2 && a[a.len() - 1] == k && (batch.is_empty() && a.len() == 2 || batch == &a[..a.len() - 2]);
        if !fits || k == 0 {
            return Err(format!("A {a:?} and B {b:?} do not agree"));
        }
        let mut shape = a.to_vec();
        shape[a.len() - 1] = n;
        match inputs.get(self.bias()) {
            Some(c) if !matches!(c, [len] if *len == n) && !matches!(c, [1, len] if *len == n) => {
                Err(format!("C must have shape [{n}], has {c:?}"))
            }
            _ => Ok(shape),
        }
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        let mut y = match &self.right {
            Right::Blocks { matmul, .. } => matmul.forward(inputs[0])?,
            Right::Operand { transposed: true } => inputs[0].matmul(&inputs[1].t()?)?,
            Right::Operand { transposed: false } => inputs[0].matmul(inputs[1])?,
        };
        if self.alpha != 1.0 {
            y = (y * self.alpha)?;
        }
        match inputs.get(self.bias()) {
            Some(c) if self.beta == 1.0 => y.broadcast_add(c),
            Some(c) => y.broadcast_add(&(*c * self.beta)?),
            None => Ok(y),
        }
    }
}
