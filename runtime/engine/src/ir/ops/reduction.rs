//! `Reduce*` and `ArgMax`.

use dunlin_kernels::vector::Reduce;

use super::movement::all_or;
use super::{Context, Op, Parsed, axis};
use crate::ir::Type;

/// Reads a reduction. Inputs: data, and optionally axes; without axes all, or none where `noop_with_empty_axes`.
pub(super) fn parse(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 2)?;
    let x = context.f32_input(0)?;
    let (keep, noop) =
        (context.attributes.flag("keepdims", true)?, context.attributes.flag("noop_with_empty_axes", false)?);
    let given = context.integers(1)?.filter(|given| !given.is_empty());
    let axes = if given.is_none() && noop { Vec::new() } else { all_or(given, x.shape.len())? };
    let op = match context.op_type {
        "ReduceL1" => Reduce::L1,
        "ReduceL2" => Reduce::L2,
        "ReduceLogSum" => Reduce::LogSum,
        "ReduceLogSumExp" => Reduce::LogSumExp,
        "ReduceMax" => Reduce::Max,
        "ReduceMean" => Reduce::Mean,
        "ReduceMin" => Reduce::Min,
        "ReduceProd" => Reduce::Prod,
        "ReduceSumSquare" => Reduce::SumSquare,
        _ => Reduce::Sum,
    };
    let shape = reduced(&x.shape, &axes, keep);
    Parsed::one(Op::Reduce { op, axes }, [0], Type::F32, shape)
}

/// Reads ArgMax.
pub(super) fn arg_max(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    let x = context.f32_input(0)?;
    let attributes = &context.attributes;
    let at = axis(attributes.int("axis", 0)?, x.shape.len())?;
    let (keep, last) = (attributes.flag("keepdims", true)?, attributes.flag("select_last_index", false)?);
    if x.shape[at] == 0 {
        return Err("the dimension is empty".to_owned());
    }
    let shape = reduced(&x.shape, &[at], keep);
    Parsed::one(Op::ArgMax { axis: at, last }, [0], Type::I64, shape)
}

fn reduced(shape: &[usize], axes: &[usize], keep: bool) -> Vec<usize> {
    let dim = |(d, size): (usize, &usize)| match (axes.contains(&d), keep) {
        (false, _) => Some(*size),
        (true, true) => Some(1),
        (true, false) => None,
    };
    shape.iter().enumerate().filter_map(dim).collect()
}
