//! Ops that give the same elements another shape: `Reshape`, `Flatten`, `Squeeze`, `Unsqueeze`, `Identity`.

use dunlin_bundle::limits::MAX_RANK;

use super::{Context, Op, Parsed, axes, axis, check_shape};
use crate::ir::Value;

fn view(x: &Value, shape: Vec<usize>) -> Result<Vec<Parsed>, String> {
    check_shape(&shape)?;
    Parsed::one(Op::View, [0], x.ty, shape)
}

/// Reads Identity.
pub(super) fn identity(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    let x = context.input(0)?;
    view(x, x.shape.clone())
}

/// Reads Flatten: a matrix, split before `axis`.
pub(super) fn flatten(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    let x = context.input(0)?;
    let rank = x.shape.len();
    let at = context.attributes.int("axis", 1)?;
    let at = if at == rank as i64 { rank } else { axis(at, rank)? };
    let (outer, inner) = x.shape.split_at(at);
    view(x, vec![outer.iter().product(), inner.iter().product()])
}

/// Reads Reshape. In its target 0 keeps a dimension (unless `allowzero`), -1 takes what is left.
pub(super) fn reshape(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 2)?;
    let x = context.input(0)?;
    let target = context.integers(1)?.unwrap_or_default();
    let zero_is_zero = context.attributes.flag("allowzero", false)?;
    if target.len() > MAX_RANK || target.iter().filter(|dim| **dim == -1).count() > 1 {
        return Err(format!("the target shape may have {MAX_RANK} dimensions, and one of them -1"));
    }
    let wrong = || format!("cannot reshape {:?} to {target:?}", x.shape);
    let mut shape = Vec::with_capacity(target.len());
    for (i, dim) in target.iter().enumerate() {
        shape.push(match *dim {
            0 if !zero_is_zero => *x.shape.get(i).ok_or_else(wrong)?,
            -1 => 1,
            d => usize::try_from(d).map_err(|_| wrong())?,
        });
    }
    let known = shape.iter().try_fold(1_usize, |n, d| n.checked_mul(*d)).ok_or_else(wrong)?;
    match target.iter().position(|d| *d == -1) {
        Some(open) if known > 0 && x.count().is_multiple_of(known) => shape[open] = x.count() / known,
        None if known == x.count() => {}
        _ => return Err(wrong()),
    }
    view(x, shape)
}

/// Reads Squeeze: drops dimensions of one, all of them unless told which.
pub(super) fn squeeze(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 2)?;
    let x = context.input(0)?;
    let dropped = match context.integers(1)? {
        Some(given) => axes(&given, x.shape.len())?,
        None => (0..x.shape.len()).filter(|d| x.shape[*d] == 1).collect(),
    };
    if let Some(d) = dropped.iter().find(|d| x.shape[**d] != 1) {
        return Err(format!("dimension {d} of {:?} is not 1", x.shape));
    }
    view(x, (0..x.shape.len()).filter(|d| !dropped.contains(d)).map(|d| x.shape[d]).collect())
}

/// Reads Unsqueeze: dimensions of one at these places of the result.
pub(super) fn unsqueeze(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 2)?;
    let x = context.input(0)?;
    let given = context.integers(1)?.unwrap_or_default();
    let rank = x.shape.len() + given.len();
    if rank > MAX_RANK {
        return Err(format!("the result would have more than {MAX_RANK} dimensions"));
    }
    let added = axes(&given, rank)?;
    let mut old = x.shape.iter();
    let dim = |d| if added.contains(&d) { Some(1) } else { old.next().copied() };
    view(x, (0..rank).filter_map(dim).collect())
}
