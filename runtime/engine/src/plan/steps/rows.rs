//! Steps along one axis: softmax, layer normalization, reductions, the largest index, trees.

use std::sync::Arc;

use dunlin_kernels::Kernels;
use dunlin_kernels::vector::{Reduce, TreeEnsemble, layer_norm, log_softmax, reduce, softmax};

use crate::error::EngineError;
use crate::ir::{Node, Op, Type};
use crate::plan::builder::{Builder, Step};
use crate::plan::memory::{Memory, Slot};
use crate::plan::order::{Halo, Placed, contiguous_strides};

pub(super) fn lower(b: &mut Builder<'_>, node: &Node) -> Result<(), EngineError> {
    let shape = b.value(node.inputs[0]).shape.clone();
    match &node.op {
        Op::Softmax { axis, log } => {
            let (order, row) = (innermost(&shape, &[*axis]), shape[*axis]);
            let log = *log;
            rowwise(b, node, order, move |kernels, x, y| match log {
                true => log_softmax(kernels, x, row, y),
                false => softmax(kernels, x, row, y),
            })
        }
        Op::LayerNormalization { axis, epsilon } => {
            let (order, row, epsilon) = ((0..shape.len()).collect(), shape[*axis..].iter().product(), *epsilon);
            let scale = b.floats(node.inputs[1])?;
            let bias = node.inputs.get(2).map(|id| b.floats(*id)).transpose()?;
            rowwise(b, node, order, move |kernels, x, y| {
                layer_norm(kernels, x, row, &scale, bias.as_deref(), epsilon, y);
            })
        }
        Op::Reduce { op, axes } => lower_reduce(b, node, *op, axes),
        Op::ArgMax { axis, last } => lower_arg_max(b, node, *axis, *last),
        Op::Tree(trees) => {
            let trees: Arc<TreeEnsemble> = Arc::clone(trees);
            rowwise(b, node, (0..shape.len()).collect(), move |_, x, y| trees.run(x, y))
        }
        other => Err(b.unexpected(other)),
    }
}

/// The dimensions with these last.
fn innermost(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    let outer = (0..shape.len()).filter(|d| !axes.contains(d));
    outer.chain(axes.iter().copied()).collect()
}

/// Adds a step from floats to floats; both lie in this order, where they have the same dimensions.
fn rowwise(
    b: &mut Builder<'_>,
    node: &Node,
    order: Vec<usize>,
    run: impl Fn(&Kernels, &[f32], &mut [f32]) + Send + Sync + 'static,
) -> Result<(), EngineError> {
    let from = b.ordered(node.inputs[0], &order)?;
    let counts = [b.value(node.inputs[0]).count(), b.value(node.output).count()];
    let to = b.place_in(node.output, order).slot;
    b.push(RowStep { from, to, counts, run }, "rows", 0, &[from, to]);
    Ok(())
}

struct RowStep<F> {
    from: Slot,
    to: Slot,
    counts: [usize; 2],
    run: F,
}

impl<F: Fn(&Kernels, &[f32], &mut [f32]) + Send + Sync> Step for RowStep<F> {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split([self.from], self.to);
        (self.run)(kernels, &x[..self.counts[0]], &mut y[..self.counts[1]]);
    }
}

/// Reduces where the axes lie next to each other in memory; else they are moved to the end first.
fn lower_reduce(b: &mut Builder<'_>, node: &Node, op: Reduce, axes: &[usize]) -> Result<(), EngineError> {
    let (from, to) = (b.value(node.inputs[0]), b.value(node.output));
    let placed = b.placed(node.inputs[0])?;
    let is_reduced = |d: &usize| axes.contains(d) || from.shape[*d] == 1;
    let neighbours = |order: &[usize]| {
        let significant: Vec<bool> = order.iter().filter(|d| from.shape[**d] != 1).map(is_reduced).collect();
        significant.windows(2).filter(|pair| !pair[0] && pair[1]).count()
            + usize::from(significant.first() == Some(&true))
            <= 1
    };
    let order = if placed.halo == Halo::NONE && neighbours(&placed.order) {
        placed.order
    } else {
        innermost(&from.shape, axes)
    };
    let x = b.ordered(node.inputs[0], &order)?;
    let size = |d: &usize| from.shape[*d];
    let significant: Vec<usize> = order.iter().copied().filter(|d| from.shape[*d] != 1).collect();
    let first = significant.iter().position(|d| axes.contains(d)).unwrap_or(significant.len());
    let end = significant.iter().rposition(|d| axes.contains(d)).map_or(first, |last| last + 1);
    let outer: usize = significant[..first].iter().map(size).product();
    let len: usize = significant[first..end].iter().map(size).product();
    let inner: usize = significant[end..].iter().map(size).product();
    let kept: Vec<usize> = significant.into_iter().filter(|d| !axes.contains(d)).collect();
    let y = place_reduced(b, node, &from.shape, &to.shape, &kept, axes);
    let count = to.count();
    let step = ReduceStep { x, y, op, outer, len, inner, count };
    b.push(step, "reduce", 0, &[x, y]);
    Ok(())
}

/// A slot for the result, whose dimensions above one lie in the order of those kept.
fn place_reduced(
    b: &mut Builder<'_>,
    node: &Node,
    from: &[usize],
    to: &[usize],
    kept: &[usize],
    axes: &[usize],
) -> Slot {
    // With as many dimensions as before their numbers are the same, else those reduced are missing.
    let renumbered = |d: usize| if to.len() == from.len() { d } else { d - axes.iter().filter(|a| **a < d).count() };
    let kept: Vec<usize> = kept.iter().map(|d| renumbered(*d)).collect();
    let ones = (0..to.len()).filter(|d| !kept.contains(d));
    let order = ones.chain(kept.iter().copied()).collect();
    b.place_in(node.output, order).slot
}

struct ReduceStep {
    x: Slot,
    y: Slot,
    op: Reduce,
    outer: usize,
    len: usize,
    inner: usize,
    count: usize,
}

impl Step for ReduceStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split([self.x], self.y);
        let elements = self.outer * self.len * self.inner;
        reduce(kernels, self.op, &x[..elements], self.outer, self.len, self.inner, &mut y[..self.count]);
    }
}

fn lower_arg_max(b: &mut Builder<'_>, node: &Node, axis: usize, last: bool) -> Result<(), EngineError> {
    let (from, to) = (b.value(node.inputs[0]), b.value(node.output));
    let x = b.plain(node.inputs[0])?;
    let y = b.scratch_for(Type::I64, to.count());
    b.set(node.output, Placed { slot: y, order: (0..to.shape.len()).collect(), halo: Halo::NONE });
    let inner = contiguous_strides(&from.shape)[axis].unsigned_abs();
    let step = ArgMaxStep { x, y, len: from.shape[axis], inner, count: to.count(), last };
    b.push(step, "arg max", 0, &[x, y]);
    Ok(())
}

struct ArgMaxStep {
    x: Slot,
    y: Slot,
    len: usize,
    inner: usize,
    count: usize,
    last: bool,
}

impl Step for ArgMaxStep {
    fn run(&self, _kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split::<f32, i64, 1>([self.x], self.y);
        for (i, y) in y[..self.count].iter_mut().enumerate() {
            let start = i / self.inner * self.len * self.inner + i % self.inner;
            let mut best = 0;
            for n in 1..self.len {
                let (found, so_far) = (x[start + n * self.inner], x[start + best * self.inner]);
                if found > so_far || (self.last && found == so_far) {
                    best = n;
                }
            }
            *y = best as i64;
        }
    }
}
