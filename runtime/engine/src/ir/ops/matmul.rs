//! `MatMul`, `Gemm`, and the matmul whose activations are quantised row by row while it runs.

use dunlin_kernels::Clamp;
use dunlin_kernels::vector::Binary;

use super::convolution::Quantized;
use super::{Context, Op, Parsed, broadcast, check_shape};
use crate::ir::Type;

/// `Y = clamp(alpha * A * B + C)`, B transposed where it says so. A has any leading dimensions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MatMul {
    pub(crate) alpha: f32,
    pub(crate) beta: f32,
    pub(crate) transpose_a: bool,
    pub(crate) transpose_b: bool,
    pub(crate) clamp: Clamp,
}

/// An int8 product. Inputs: a (U8), b (I8).
#[derive(Clone, Debug)]
pub(crate) struct QMatMul {
    pub(crate) transpose_b: bool,
    pub(crate) quantized: Quantized,
    /// Where the result stays f32: its bias; multipliers are then in real units.
    pub(crate) to_f32: Option<Vec<f32>>,
    pub(crate) clamp: Clamp,
}

/// A (.., K) f32 by B (K, N) int8. Inputs: a, b; B's scales and the bias, one for each column, are constants.
#[derive(Clone, Debug)]
pub(crate) struct DynamicMatMul {
    pub(crate) scale: Vec<f32>,
    pub(crate) bias: Option<Vec<f32>>,
    pub(crate) clamp: Clamp,
}

impl Default for MatMul {
    fn default() -> Self {
        Self { alpha: 1.0, beta: 1.0, transpose_a: false, transpose_b: false, clamp: Clamp::NONE }
    }
}

/// Inputs: A, B, and optionally C, which broadcasts to the result.
pub(super) fn gemm(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 3)?;
    let attributes = &context.attributes;
    let op = MatMul {
        alpha: attributes.float("alpha", 1.0)?,
        beta: attributes.float("beta", 1.0)?,
        transpose_a: attributes.flag("transA", false)?,
        transpose_b: attributes.flag("transB", false)?,
        clamp: Clamp::NONE,
    };
    let (a, b) = (context.f32_input(0)?, context.f32_input(1)?);
    let ([a0, a1], [b0, b1]) = (a.shape.as_slice(), b.shape.as_slice()) else {
        return Err(format!("A {:?} and B {:?} must be matrices", a.shape, b.shape));
    };
    let (m, ka) = if op.transpose_a { (*a1, *a0) } else { (*a0, *a1) };
    let (kb, n) = if op.transpose_b { (*b1, *b0) } else { (*b0, *b1) };
    if ka != kb {
        return Err(format!("A {:?} and B {:?} are not two matrices of one inner size", a.shape, b.shape));
    }
    let shape = vec![m, n];
    check_shape(&shape)?;
    if context.optional(2).is_none() {
        return Parsed::one(Op::MatMul(op), [0, 1], Type::F32, shape);
    }
    let c = context.f32_input(2)?;
    if broadcast(&c.shape, &shape)? != shape {
        return Err(format!("C {:?} cannot be broadcast to {shape:?}", c.shape));
    }
    // One constant for each column, or for all, is a bias; any other C is added after.
    let is_bias = b.constant.is_some() && c.constant.is_some() && c.count() == c.shape.last().copied().unwrap_or(1);
    if is_bias {
        return Parsed::one(Op::MatMul(op), [0, 1, 2], Type::F32, shape);
    }
    let scaled = Parsed::new(Op::Binary(Binary::Mul), [2], Type::F32, c.shape.clone());
    let scaled = scaled.with(&format!("{}.beta", c.name), Vec::new(), [op.beta].into());
    let product = Parsed::new(Op::MatMul(op), [0, 1], Type::F32, shape.clone());
    let sum = Parsed::new(Op::Binary(Binary::Add), [Parsed::PREVIOUS, Parsed::PREVIOUS + 1], Type::F32, shape);
    Ok(vec![scaled, product, sum.named(0)])
}

/// Y = A * B over the last two dimensions, the others broadcast.
pub(super) fn matmul(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 2)?;
    let (a, b) = (context.f32_input(0)?, context.f32_input(1)?);
    let shape = product_shape(&a.shape, &b.shape)?;
    check_shape(&shape)?;
    Parsed::one(Op::MatMul(MatMul::default()), [0, 1], Type::F32, shape)
}

/// numpy's rule: a vector is a matrix of one row (left) or one column (right), whose dimension the result lacks.
fn product_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let wrong = || format!("A {a:?} and B {b:?} cannot be multiplied");
    let (a_vector, b_vector) = (a.len() == 1, b.len() == 1);
    let left = if a_vector { vec![1, a[0]] } else { a.to_vec() };
    let right = if b_vector { vec![b[0], 1] } else { b.to_vec() };
    let ([outer_a @ .., m, ka], [outer_b @ .., kb, n]) = (left.as_slice(), right.as_slice()) else {
        return Err(wrong());
    };
    if ka != kb {
        return Err(wrong());
    }
    let mut shape = broadcast(outer_a, outer_b)?;
    if !a_vector {
        shape.push(*m);
    }
    if !b_vector {
        shape.push(*n);
    }
    Ok(shape)
}

/// Inputs: A (.., K) f32, B (K, N) I8, the scale of each of B's columns, and optionally a bias of each. There are no zero
/// points. Each row of A is quantised by itself while the graph runs.
pub(super) fn dynamic(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(3, 5)?;
    let (a, b) = (context.f32_input(0)?, context.input(1)?);
    let (Some((k, outer)), [kb, n]) = (a.shape.split_last(), b.shape.as_slice()) else {
        return Err(format!("A {:?} and B {:?} must be at least a row and a matrix", a.shape, b.shape));
    };
    if k != kb || b.ty != Type::I8 || b.bytes().is_none() {
        return Err(format!(
            "B {:?} must be an I8 initializer with as many rows as A {:?} has columns",
            b.shape, a.shape
        ));
    }
    if context.optional(3).is_some() {
        return Err("B must have no zero point".to_owned());
    }
    let scale = context.floats(2)?.to_vec();
    let bias = if context.optional(4).is_some() { Some(context.floats(4)?.to_vec()) } else { None };
    if scale.len() != *n || bias.as_ref().is_some_and(|bias| bias.len() != *n) {
        return Err(format!("scale and bias must have {n} elements"));
    }
    let shape: Vec<usize> = outer.iter().copied().chain([*n]).collect();
    check_shape(&shape)?;
    Parsed::one(Op::DynamicMatMul(DynamicMatMul { scale, bias, clamp: Clamp::NONE }), [0, 1], Type::F32, shape)
}
