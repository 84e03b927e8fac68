//! Matrix products: with constant weights, in ggml blocks, of two operands of a run, and quantised as they run.

use std::sync::Arc;

use dunlin_kernels::q8::{GemmQ8ToF32, PackedQ8, SourceQ8};
use dunlin_kernels::vector::quantize_rows;
use dunlin_kernels::{Clamp, GemmF32, Grid, Kernels, Matrix, PackedF32, Place, Taps};

use super::blocks;
use crate::error::EngineError;
use crate::ir::ops::{DynamicMatMul, MatMul};
use crate::ir::{Constant, Node, Type, ValueId};
use crate::plan::broadcast::Broadcast;
use crate::plan::builder::{Builder, Step};
use crate::plan::memory::{Memory, Slot};
use crate::plan::order::contiguous_strides;

pub(super) fn lower(b: &mut Builder<'_>, node: &Node, op: &MatMul) -> Result<(), EngineError> {
    let (a, w) = (b.value(node.inputs[0]), b.value(node.inputs[1]));
    match &w.constant {
        Some(Constant::Blocks(name, ggml)) => blocks::lower(b, node, op, name, *ggml),
        Some(_) if w.shape.len() == 2 && a.shape.len() >= 2 => lower_constant(b, node, op),
        _ => lower_operands(b, node, op),
    }
}

/// A's rows, transposed where the op says so, and how many there are.
pub(super) fn rows(b: &mut Builder<'_>, id: ValueId, transposed: bool) -> Result<(Slot, usize, usize), EngineError> {
    let shape = b.value(id).shape.clone();
    let (order, k): (Vec<usize>, usize) = match shape.as_slice() {
        [k, _] if transposed => (vec![1, 0], *k),
        _ => ((0..shape.len()).collect(), shape.last().copied().unwrap_or(1)),
    };
    let slot = b.ordered(id, &order)?;
    let m = shape.iter().product::<usize>().checked_div(k).unwrap_or(0);
    Ok((slot, m, k))
}

/// The bias of each column: one for all is repeated, `beta` is multiplied in.
pub(super) fn bias(b: &Builder<'_>, node: &Node, op: &MatMul, n: usize) -> Result<Option<Vec<f32>>, EngineError> {
    let Some(id) = node.inputs.get(2) else { return Ok(None) };
    let values = b.floats(*id)?;
    let values = if values.len() == 1 { vec![values[0]; n] } else { values.to_vec() };
    Ok(Some(values.iter().map(|v| v * op.beta).collect()))
}

fn lower_constant(b: &mut Builder<'_>, node: &Node, op: &MatMul) -> Result<(), EngineError> {
    let (from, m, k) = rows(b, node.inputs[0], op.transpose_a)?;
    let shape = &b.value(node.inputs[1]).shape;
    let (n, strides) = if op.transpose_b { (shape[0], (1, k)) } else { (shape[1], (shape[1], 1)) };
    let weights = b.packed(&format!("gemm {}", node.inputs[1].0), PackedF32::bytes, || {
        let mut values = b.floats(node.inputs[1])?.to_vec();
        if op.alpha != 1.0 {
            values.iter_mut().for_each(|v| *v *= op.alpha);
        }
        let bias = bias(b, node, op, n)?;
        let packed = PackedF32::new(b.kernels, &values, k, n, strides, bias.as_deref());
        packed.ok_or_else(|| b.bad("has no element to multiply"))
    })?;
    let to = b.place(node.output);
    let step = ProductStep { from, to, gemm: product(m, k, n, op.clamp), weights };
    b.push(step, GemmF32::kernel(b.kernels), macs(&[m, k, n]), &[from, to]);
    Ok(())
}

fn product(m: usize, k: usize, n: usize, clamp: Clamp) -> GemmF32 {
    let (from, to) = (Place { start: 0, line: 0, pixel: k }, Place { start: 0, line: 0, pixel: n });
    GemmF32 { grid: Grid { lines: 1, pixels: m }, from, taps: Taps::row(k), to, clamp }
}

pub(super) fn macs(sizes: &[usize]) -> u64 {
    sizes.iter().fold(1, |product: u64, size| product.saturating_mul(*size as u64))
}

struct ProductStep {
    from: Slot,
    to: Slot,
    gemm: GemmF32,
    weights: Arc<PackedF32>,
}

impl Step for ProductStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split([self.from], self.to);
        self.gemm.run(kernels, x, &self.weights, None, y);
    }
}

/// Both operands are made by the run: batch by batch, B packed anew each time.
fn lower_operands(b: &mut Builder<'_>, node: &Node, op: &MatMul) -> Result<(), EngineError> {
    let (a_shape, b_shape) = (b.value(node.inputs[0]).shape.clone(), b.value(node.inputs[1]).shape.clone());
    let left = if a_shape.len() == 1 { vec![1, a_shape[0]] } else { a_shape };
    let right = if b_shape.len() == 1 { vec![b_shape[0], 1] } else { b_shape };
    let order_a = if op.transpose_a { vec![1, 0] } else { (0..b.value(node.inputs[0]).shape.len()).collect() };
    let (x, y) = (b.ordered(node.inputs[0], &order_a)?, b.plain(node.inputs[1])?);
    let ([outer_a @ .., a0, a1], [outer_b @ .., b0, b1]) = (left.as_slice(), right.as_slice()) else {
        return Err(b.unexpected(&node.op));
    };
    let (m, k) = if op.transpose_a { (*a1, *a0) } else { (*a0, *a1) };
    let (n, strides) = if op.transpose_b { (*b0, (1, *b1)) } else { (*b1, (*b1, 1)) };
    if m == 0 || k == 0 || n == 0 {
        return Err(b.bad("has no element to multiply"));
    }
    let scratch = Matrix::scratch_elements(b.kernels, k, n).ok_or_else(|| b.bad("is too large"))?;
    let scratch = b.scratch_for(Type::F32, scratch);
    let outer = crate::ir::ops::broadcast(outer_a, outer_b).map_err(|reason| b.bad(reason))?;
    let over = Broadcast::new(&outer, [&repeated(outer_a, outer.len(), m * k), &repeated(outer_b, outer.len(), k * n)]);
    let to = b.place(node.output);
    let gemm = product(m, k, n, op.clamp);
    let matrix = Sizes { k, n, strides, factor: op.alpha };
    let step = OperandsStep { a: x, b: y, scratch, to, gemm, matrix, over };
    let count = outer.iter().product();
    b.push(step, GemmF32::kernel(b.kernels), macs(&[count, m, k, n]), &[x, y, scratch, to]);
    Ok(())
}

/// Strides of matrices along the result's outer dimensions: 0 where they repeat.
fn repeated(outer: &[usize], rank: usize, matrix: usize) -> Vec<isize> {
    let own = contiguous_strides(outer);
    let stride = |d: &usize| {
        let d = (d + outer.len()).checked_sub(rank).filter(|d| outer[*d] != 1);
        d.map_or(0, |d| own[d].saturating_mul(matrix as isize))
    };
    (0..rank).map(|d| stride(&d)).collect()
}

struct Sizes {
    k: usize,
    n: usize,
    strides: (usize, usize),
    factor: f32,
}

struct OperandsStep {
    a: Slot,
    b: Slot,
    scratch: Slot,
    to: Slot,
    gemm: GemmF32,
    matrix: Sizes,
    over: Broadcast<2>,
}

impl Step for OperandsStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let Sizes { k, n, strides, factor } = self.matrix;
        let rows = self.gemm.grid.pixels;
        let ([a, b], scratch, y) = memory.split_with([self.a, self.b], self.scratch, self.to);
        self.over.runs(|at, [i, j], steps| {
            for inner in 0..self.over.inner() {
                let elements = &b[j + inner * steps[1]..];
                let matrix = Matrix { elements, k, n, strides, factor };
                let y = &mut y[(at + inner) * rows * n..];
                self.gemm.run_matrix(kernels, &a[i + inner * steps[0]..], &matrix, scratch, y);
            }
        });
    }
}

/// A's rows become int8 as they run, each with a scale of its own.
pub(super) fn lower_dynamic(b: &mut Builder<'_>, node: &Node, op: &DynamicMatMul) -> Result<(), EngineError> {
    let (from, m, k) = rows(b, node.inputs[0], false)?;
    let w = b.value(node.inputs[1]);
    let n = w.shape[1];
    let weights = b.packed("q8", PackedQ8::bytes, || {
        let signed: Vec<i8> = w.bytes().unwrap_or_default().iter().map(|q| (q ^ 0x80).cast_signed()).collect();
        let source = SourceQ8 {
            weights: &signed,
            strides: (n, 1),
            runs: (1, k),
            n,
            // Rows are symmetric around it.
            zero: 128,
            bias: None,
            scale: &op.scale,
            bias_f32: op.bias.as_deref(),
        };
        PackedQ8::new(b.kernels, &source).ok_or_else(|| b.bad("has no element to multiply"))
    })?;
    let (quantized, scales) = (b.scratch_for(Type::U8, m * k), b.scratch_for(Type::F32, m));
    let to = b.place(node.output);
    let gemm = GemmQ8ToF32 {
        grid: Grid { lines: 1, pixels: m },
        from: Place { start: 0, line: 0, pixel: k },
        taps: Taps::row(k),
        to: Place { start: 0, line: 0, pixel: n },
        clamp: op.clamp,
    };
    let rows = QuantizeRowsStep { from, quantized, scales, row: k, count: m * k };
    b.push(rows, "quantize_rows", 0, &[from, quantized, scales]);
    let step = DynamicStep { quantized, scales, to, gemm, weights };
    b.push(step, GemmQ8ToF32::kernel(b.kernels), macs(&[m, k, n]), &[quantized, scales, to]);
    Ok(())
}

struct QuantizeRowsStep {
    from: Slot,
    quantized: Slot,
    scales: Slot,
    row: usize,
    count: usize,
}

impl Step for QuantizeRowsStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], q, scales) = memory.split_with::<f32, u8, f32, 1>([self.from], self.quantized, self.scales);
        quantize_rows(kernels, &x[..self.count], self.row, &mut q[..self.count], scales);
    }
}

struct DynamicStep {
    quantized: Slot,
    scales: Slot,
    to: Slot,
    gemm: GemmQ8ToF32,
    weights: Arc<PackedQ8>,
}

impl Step for DynamicStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let (q, scales, y) = memory.split_mixed::<u8, f32, f32>(self.quantized, self.scales, self.to);
        self.gemm.run(kernels, q, &self.weights, Some(scales), y);
    }
}
