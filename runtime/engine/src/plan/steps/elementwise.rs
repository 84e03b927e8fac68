//! Steps that work element by element on floats.

use dunlin_kernels::Kernels;
use dunlin_kernels::vector::{Binary, Unary, binary, binary_scalar, scalar_binary, unary};

use crate::error::EngineError;
use crate::ir::{Node, ValueId};
use crate::plan::broadcast::Broadcast;
use crate::plan::builder::{Builder, Step};
use crate::plan::memory::{Memory, Slot};
use crate::plan::order::{Halo, same_order};

pub(super) fn lower_unary(b: &mut Builder<'_>, node: &Node, op: Unary) -> Result<(), EngineError> {
    let placed = b.placed(node.inputs[0])?;
    let (order, count) = (placed.order, b.value(node.output).count());
    let from = b.ordered(node.inputs[0], &order)?;
    let to = b.place_in(node.output, order).slot;
    b.push(UnaryStep { from, to, op, count }, "unary", 0, &[from, to]);
    Ok(())
}

struct UnaryStep {
    from: Slot,
    to: Slot,
    op: Unary,
    count: usize,
}

impl Step for UnaryStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split([self.from], self.to);
        unary(kernels, &self.op, &x[..self.count], &mut y[..self.count]);
    }
}

pub(super) fn lower_binary(b: &mut Builder<'_>, node: &Node, op: Binary) -> Result<(), EngineError> {
    let order = common_order(b, node)?;
    let [(x, x_strides), (y, y_strides)] = [operand(b, node, 0, &order)?, operand(b, node, 1, &order)?];
    let value = b.value(node.output);
    let to = b.place_in(node.output, order.clone()).slot;
    let shape: Vec<usize> = order.iter().map(|d| value.shape[*d]).collect();
    let step = BinaryStep { a: x, b: y, to, op, over: Broadcast::new(&shape, [&x_strides, &y_strides]) };
    b.push(step, "binary", 0, &[x, y, to]);
    Ok(())
}

/// The order of the first operand that has all of the result's elements; else the result's own.
pub(super) fn common_order(b: &mut Builder<'_>, node: &Node) -> Result<Vec<usize>, EngineError> {
    let shape = &b.value(node.output).shape;
    for id in &node.inputs {
        let value = b.value(*id);
        if value.constant.is_none() && value.shape == *shape {
            return Ok(b.placed(*id)?.order);
        }
    }
    Ok((0..shape.len()).collect())
}

/// An operand's slot, and its strides along the result's dimensions in this order: 0 where it repeats.
pub(super) fn operand(
    b: &mut Builder<'_>,
    node: &Node,
    position: usize,
    order: &[usize],
) -> Result<(Slot, Vec<isize>), EngineError> {
    let id: ValueId = node.inputs[position];
    let (value, result) = (b.value(id), b.value(node.output));
    let mut placed = b.placed(id)?;
    let whole = value.shape == result.shape;
    if placed.halo != Halo::NONE || (whole && !same_order(&value.shape, &placed.order, order)) {
        let wanted = if whole { order.to_vec() } else { (0..value.shape.len()).collect() };
        b.ordered(id, &wanted)?;
        placed = b.placed(id)?;
    }
    let (own, _) = placed.strides(&value.shape);
    let added = result.shape.len() - value.shape.len();
    let stride = |d: &usize| d.checked_sub(added).filter(|d| value.shape[*d] != 1).map_or(0, |d| own[d]);
    Ok((placed.slot, order.iter().map(stride).collect()))
}

struct BinaryStep {
    a: Slot,
    b: Slot,
    to: Slot,
    op: Binary,
    over: Broadcast<2>,
}

impl Step for BinaryStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([a, b], y) = memory.split::<f32, f32, 2>([self.a, self.b], self.to);
        let (op, inner) = (self.op, self.over.inner());
        self.over.runs(|at, [i, j], [a_step, b_step]| {
            let y = &mut y[at..][..inner];
            match (a_step, b_step) {
                (1, 1) => binary(kernels, op, &a[i..][..inner], &b[j..][..inner], y),
                (1, 0) => binary_scalar(kernels, op, &a[i..][..inner], b[j], y),
                (0, 1) => scalar_binary(kernels, op, a[i], &b[j..][..inner], y),
                _ => {
                    for (n, y) in y.iter_mut().enumerate() {
                        let (a, b) = (a[i + n * a_step], b[j + n * b_step]);
                        binary_scalar(kernels, op, &[a], b, std::slice::from_mut(y));
                    }
                }
            }
        });
    }
}
