//! Steps that move elements: views, strided copies, concatenation, padding, gathering.

use dunlin_kernels::vector::copy_strided;
use dunlin_kernels::{Kernels, Plain};

use crate::error::EngineError;
use crate::ir::ops::PadValue;
use crate::ir::{Node, Type};
use crate::plan::builder::{Builder, Step};
use crate::plan::memory::{Memory, Slot};
use crate::plan::order::{Halo, Placed, contiguous_strides};

/// Copies a block of elements from one set of strides to another.
pub(crate) struct CopyStep {
    pub(crate) from: Slot,
    pub(crate) start: usize,
    pub(crate) strides: Vec<isize>,
    pub(crate) to: Slot,
    pub(crate) to_start: usize,
    pub(crate) to_strides: Vec<isize>,
    pub(crate) shape: Vec<usize>,
    /// Bytes of an element.
    pub(crate) size: usize,
}

impl Step for CopyStep {
    fn run(&self, _kernels: &Kernels, memory: &mut Memory<'_>) {
        match self.size {
            1 => self.copy::<u8>(memory),
            4 => self.copy::<f32>(memory),
            _ => self.copy::<i64>(memory),
        }
    }
}

impl CopyStep {
    fn copy<T: Plain>(&self, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split::<T, T, 1>([self.from], self.to);
        copy_strided(x, &self.strides, self.start, &self.shape, y, self.to_start, &self.to_strides);
    }
}

/// The same elements in another shape: no step, unless their order in memory has to change first.
pub(super) fn lower_view(b: &mut Builder<'_>, node: &Node) -> Result<(), EngineError> {
    let (from, to) = (b.value(node.inputs[0]), b.value(node.output));
    let placed = b.placed(node.inputs[0])?;
    if let Some(order) = carried_over(&placed, &from.shape, &to.shape) {
        b.set(node.output, Placed { order, ..placed });
        return Ok(());
    }
    let slot = b.plain(node.inputs[0])?;
    b.set(node.output, Placed { slot, order: (0..to.shape.len()).collect(), halo: Halo::NONE });
    Ok(())
}

/// The order of a view that only adds or drops dimensions of one; `None` for any other view.
fn carried_over(placed: &Placed, from: &[usize], to: &[usize]) -> Option<Vec<usize>> {
    let significant = |shape: &[usize]| (0..shape.len()).filter(|d| shape[*d] != 1).collect::<Vec<_>>();
    let (old, new) = (significant(from), significant(to));
    if placed.halo != Halo::NONE || !old.iter().map(|d| from[*d]).eq(new.iter().map(|d| to[*d])) {
        return None;
    }
    let kept = placed.order.iter().filter_map(|d| old.iter().position(|o| o == d).map(|i| new[i]));
    let ones = (0..to.len()).filter(|d| to[*d] == 1);
    Some(ones.chain(kept).collect())
}

/// No step: dimensions get other numbers.
pub(super) fn lower_transpose(b: &mut Builder<'_>, node: &Node, permutation: &[usize]) -> Result<(), EngineError> {
    let mut placed = b.placed(node.inputs[0])?;
    if placed.halo != Halo::NONE {
        let slot = b.plain(node.inputs[0])?;
        placed = Placed { slot, order: (0..permutation.len()).collect(), halo: Halo::NONE };
    }
    let renamed = |d: &usize| permutation.iter().position(|p| p == d).unwrap_or(*d);
    let order = placed.order.iter().map(renamed).collect();
    b.set(node.output, Placed { order, ..placed });
    Ok(())
}

pub(super) fn lower_slice(
    b: &mut Builder<'_>,
    node: &Node,
    starts: &[usize],
    steps: &[isize],
) -> Result<(), EngineError> {
    let from = b.value(node.inputs[0]);
    let placed = b.placed(node.inputs[0])?;
    let (strides, mut start) = placed.strides(&from.shape);
    start += starts.iter().zip(&strides).map(|(i, stride)| i * stride.unsigned_abs()).sum::<usize>();
    let stepped: Vec<isize> = strides.iter().zip(steps).map(|(stride, step)| stride.saturating_mul(*step)).collect();
    copy_out(b, node, &placed, start, &stepped);
    Ok(())
}

pub(super) fn lower_expand(b: &mut Builder<'_>, node: &Node) -> Result<(), EngineError> {
    let (from, to) = (b.value(node.inputs[0]), b.value(node.output));
    let slot = b.plain(node.inputs[0])?;
    let own = contiguous_strides(&from.shape);
    let added = to.shape.len() - from.shape.len();
    let stride = |d: usize| d.checked_sub(added).filter(|d| from.shape[*d] != 1).map_or(0, |d| own[d]);
    let strides: Vec<isize> = (0..to.shape.len()).map(stride).collect();
    let placed = Placed { slot, order: (0..to.shape.len()).collect(), halo: Halo::NONE };
    copy_out(b, node, &placed, 0, &strides);
    Ok(())
}

/// Copies to the node's output, in the order in which the input lies; `strides` are of the output's own dimensions.
fn copy_out(b: &mut Builder<'_>, node: &Node, from: &Placed, start: usize, strides: &[isize]) {
    let value = b.value(node.output);
    let to = b.place_in(node.output, from.order.clone()).slot;
    let shape: Vec<usize> = from.order.iter().map(|d| value.shape[*d]).collect();
    let step = CopyStep {
        from: from.slot,
        start,
        strides: from.order.iter().map(|d| strides[*d]).collect(),
        to,
        to_start: 0,
        to_strides: contiguous_strides(&shape),
        size: value.ty.size_bytes(),
        shape,
    };
    b.push(step, "copy", 0, &[from.slot, to]);
}

/// Copies each input to its part of the output, in the order in which the first lies.
pub(super) fn lower_concat(b: &mut Builder<'_>, node: &Node, axis: usize) -> Result<(), EngineError> {
    let value = b.value(node.output);
    let order = b.placed(node.inputs[0])?.order;
    let to = b.place_in(node.output, order.clone());
    let (to_strides, _) = to.strides(&value.shape);
    let mut offset = 0;
    for id in &node.inputs {
        let part = b.value(*id);
        let placed = b.placed(*id)?;
        let (strides, start) = placed.strides(&part.shape);
        let step = CopyStep {
            from: placed.slot,
            start,
            strides: order.iter().map(|d| strides[*d]).collect(),
            to: to.slot,
            to_start: offset * to_strides[axis].unsigned_abs(),
            to_strides: order.iter().map(|d| to_strides[*d]).collect(),
            size: value.ty.size_bytes(),
            shape: order.iter().map(|d| part.shape[*d]).collect(),
        };
        offset += part.shape[axis];
        b.push(step, "copy", 0, &[placed.slot, to.slot]);
    }
    Ok(())
}

pub(super) fn lower_pad(
    b: &mut Builder<'_>,
    node: &Node,
    before: &[usize],
    value: PadValue,
) -> Result<(), EngineError> {
    let (from, to) = (b.value(node.inputs[0]), b.value(node.output));
    let placed = b.placed(node.inputs[0])?;
    let target = b.place_in(node.output, placed.order.clone());
    b.push(FillStep { to: target.slot, value }, "fill", 0, &[target.slot]);
    let (strides, start) = placed.strides(&from.shape);
    let (to_strides, _) = target.strides(&to.shape);
    let order = &placed.order;
    let step = CopyStep {
        from: placed.slot,
        start,
        strides: order.iter().map(|d| strides[*d]).collect(),
        to: target.slot,
        to_start: if from.count() == 0 {
            0
        } else {
            before.iter().zip(&to_strides).map(|(i, stride)| i * stride.unsigned_abs()).sum()
        },
        to_strides: order.iter().map(|d| to_strides[*d]).collect(),
        size: to.ty.size_bytes(),
        shape: order.iter().map(|d| from.shape[*d]).collect(),
    };
    b.push(step, "copy", 0, &[placed.slot, target.slot]);
    Ok(())
}

/// Sets every element of a slot.
struct FillStep {
    to: Slot,
    value: PadValue,
}

impl Step for FillStep {
    fn run(&self, _kernels: &Kernels, memory: &mut Memory<'_>) {
        match self.value {
            PadValue::F32(value) => memory.write::<f32>(self.to).fill(value),
            PadValue::I64(value) => memory.write::<i64>(self.to).fill(value),
            PadValue::Byte(value) => memory.write::<u8>(self.to).fill(value),
        }
    }
}

/// Gathers runs of elements by index along one axis.
pub(super) fn lower_gather(b: &mut Builder<'_>, node: &Node, axis: usize) -> Result<(), EngineError> {
    let (data, indices) = (b.value(node.inputs[0]), b.value(node.inputs[1]));
    let (x, at) = (b.plain(node.inputs[0])?, b.plain(node.inputs[1])?);
    let to = b.place(node.output);
    let run: usize = data.shape[axis + 1..].iter().product();
    let step = GatherStep {
        node: node.name.clone(),
        x,
        indices: at,
        to,
        wide: indices.ty == Type::I64,
        outer: data.shape[..axis].iter().product(),
        size: data.shape[axis],
        count: indices.count(),
        run_bytes: run * data.ty.size_bytes(),
    };
    b.push(step, "gather", 0, &[x, at, to]);
    Ok(())
}

struct GatherStep {
    /// Its name, for messages.
    node: String,
    x: Slot,
    indices: Slot,
    to: Slot,
    /// Whether the indices are I64, else I32.
    wide: bool,
    outer: usize,
    /// Of the axis.
    size: usize,
    count: usize,
    run_bytes: usize,
}

impl Step for GatherStep {
    fn run(&self, _kernels: &Kernels, memory: &mut Memory<'_>) {
        if self.gather(memory).is_none() {
            let outside = EngineError::IndexOutOfRange { node: self.node.clone(), size: self.size };
            memory.failure.get_or_insert(outside);
        }
    }
}

impl GatherStep {
    /// `None` when it met an index that is outside; the rest is then left as it was.
    fn gather(&self, memory: &mut Memory<'_>) -> Option<()> {
        let ([x, indices], y) = memory.split::<u8, u8, 2>([self.x, self.indices], self.to);
        let mut runs = y.chunks_exact_mut(self.run_bytes);
        for outer in 0..self.outer {
            for (i, to) in (0..self.count).zip(&mut runs) {
                let index = self.index(indices, i)?;
                to.copy_from_slice(&x[(outer * self.size + index) * self.run_bytes..][..self.run_bytes]);
            }
        }
        Some(())
    }

    fn index(&self, indices: &[u8], i: usize) -> Option<usize> {
        let index = if self.wide {
            i64::from_ne_bytes(indices.as_chunks().0[i])
        } else {
            i64::from(i32::from_ne_bytes(indices.as_chunks().0[i]))
        };
        let index = if index < 0 { index.checked_add(self.size as i64)? } else { index };
        usize::try_from(index).ok().filter(|index| *index < self.size)
    }
}
