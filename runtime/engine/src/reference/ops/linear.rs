//! `Gemm` and `MatMul`; Gemm's right-hand side may be held in ggml blocks.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};
use dunlin_bundle::graph::Node;

use super::super::constants::{BlockMatrix, Constant};
use super::elementwise::broadcast;
use super::{Built, Constants, Op, all_inputs, check_count, without_trailing_gaps};

struct Gemm {
    right: Right,
    alpha: f64,
    beta: f64,
}

/// B of a Gemm.
enum Right {
    /// An operand of the run, transposed if it says so.
    Operand { transposed: bool },
    /// Blocks of shape (n, k): always the transposed side, and no operand.
    Blocks(Arc<BlockMatrix>),
}

/// Y = alpha * A * B + beta * C, with B transposed when `transB` is 1. A's transposition is not supported.
pub(super) fn build_gemm(node: &Node, constants: &Constants) -> Result<Built, String> {
    if node.int("transA", 0) != 0 {
        return Err("transA is not supported; transpose before".to_owned());
    }
    let transposed = node.int("transB", 0) != 0;
    let mut inputs = without_trailing_gaps(node).to_vec();
    check_count(&inputs, 2..=3)?;
    let right = match constants.get(&inputs[1]) {
        Some(Constant::Blocks(matrix)) if transposed => {
            inputs.remove(1);
            Right::Blocks(Arc::clone(matrix))
        }
        _ => Right::Operand { transposed },
    };
    let op = Gemm { right, alpha: node.float("alpha", 1.0), beta: node.float("beta", 1.0) };
    Ok(Built { op: Box::new(op), inputs })
}

impl Gemm {
    /// C, among the operands of a run.
    fn c<'a, T: ?Sized>(&self, inputs: &[&'a T]) -> Option<&'a T> {
        let position = if matches!(self.right, Right::Blocks(_)) { 1 } else { 2 };
        inputs.get(position).copied()
    }
}

impl Op for Gemm {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let (b, transposed) = match &self.right {
            Right::Blocks(matrix) => (matrix.shape(), true),
            Right::Operand { transposed } => (inputs[1], *transposed),
        };
        let shape = match (inputs[0], b) {
            ([m, ka], [n, kb]) if transposed && ka == kb => vec![*m, *n],
            ([m, ka], [kb, n]) if !transposed && ka == kb => vec![*m, *n],
            (a, b) => return Err(format!("A {a:?} and B {b:?} are not two matrices of one inner size")),
        };
        match self.c(inputs) {
            Some(c) if broadcast(c, &shape).as_ref() != Ok(&shape) => {
                Err(format!("C {c:?} cannot be broadcast to {shape:?}"))
            }
            _ => Ok(shape),
        }
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        let mut y = match &self.right {
            Right::Blocks(matrix) => matrix.multiply(inputs[0])?,
            Right::Operand { transposed: true } => inputs[0].matmul(&inputs[1].t()?)?,
            Right::Operand { transposed: false } => inputs[0].matmul(inputs[1])?,
        };
        if self.alpha != 1.0 {
            y = (y * self.alpha)?;
        }
        match self.c(inputs) {
            Some(c) if self.beta == 1.0 => y.broadcast_add(c),
            Some(c) => y.broadcast_add(&(c * self.beta)?),
            None => Ok(y),
        }
    }
}

struct MatMul;

/// Y = A * B over the last two dimensions, the others broadcast.
pub(super) fn build_matmul(node: &Node, _constants: &Constants) -> Result<Built, String> {
    all_inputs(node, MatMul, 2..=2)
}

impl Op for MatMul {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let ([stack_a @ .., m, ka], [stack_b @ .., kb, n]) = (inputs[0], inputs[1]) else {
            return Err("A and B must have at least two dimensions".to_owned());
        };
        if ka != kb {
            return Err(format!("A {:?} and B {:?} have different inner sizes", inputs[0], inputs[1]));
        }
        let mut shape = broadcast(stack_a, stack_b)?;
        shape.extend([m, n]);
        Ok(shape)
    }

    /// Broadcasting copies the operand of the smaller stack.
    fn scratch(&self, inputs: &[&[usize]], output: &[usize]) -> u64 {
        let stack: u64 = output.iter().rev().skip(2).map(|d| *d as u64).product();
        let matrix = |shape: &[usize]| shape.iter().rev().take(2).map(|d| *d as u64).product::<u64>();
        stack.saturating_mul(matrix(inputs[0]).saturating_add(matrix(inputs[1])))
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        inputs[0].broadcast_matmul(inputs[1])
    }
}
