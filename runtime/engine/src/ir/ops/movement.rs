//! Ops that move elements without changing them: `Transpose`, `Slice`, `Split`, `Expand`, `Concat`, `Pad`, `Gather`.

use std::sync::Arc;

use super::{Context, Op, PadValue, Parsed, axes, axis, broadcast, check_shape};
use crate::ir::{Constant, Type, Value};

/// Reads Transpose; without `perm` the dimensions are reversed.
pub(super) fn transpose(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    let x = context.input(0)?;
    let rank = x.shape.len();
    let permutation = match context.attributes.ints("perm")? {
        Some(given) => given.iter().map(|d| axis(*d, rank)).collect::<Result<Vec<_>, _>>()?,
        None => (0..rank).rev().collect(),
    };
    if permutation.len() != rank || (0..rank).any(|d| !permutation.contains(&d)) {
        return Err(format!("perm {permutation:?} is not a permutation of {rank} dimensions"));
    }
    let shape = permutation.iter().map(|d| x.shape[*d]).collect();
    Parsed::one(Op::Transpose { permutation }, [0], x.ty, shape)
}

/// Reads Slice. Inputs: data, starts, ends, and optionally axes and steps, all but the data constants.
pub(super) fn slice(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(3, 5)?;
    let x = context.input(0)?;
    let rank = x.shape.len();
    let (starts, ends) = (context.integers(1)?.unwrap_or_default(), context.integers(2)?.unwrap_or_default());
    let along = match context.integers(3)? {
        Some(given) => given.iter().map(|a| axis(*a, rank)).collect::<Result<Vec<_>, _>>()?,
        None => (0..starts.len()).collect(),
    };
    let steps = context.integers(4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), along.len(), steps.len()] != [starts.len(); 3] || along.iter().any(|d| *d >= rank) {
        return Err("starts, ends, axes and steps must have one length".to_owned());
    }
    let (mut first, mut step, mut shape) = (vec![0; rank], vec![1_isize; rank], x.shape.clone());
    for (i, d) in along.into_iter().enumerate() {
        (first[d], shape[d]) = range(starts[i], ends[i], steps[i], x.shape[d])?;
        step[d] = isize::try_from(steps[i]).unwrap_or(isize::MAX);
    }
    Parsed::one(Op::Slice { starts: first, steps: step }, [0], x.ty, shape)
}

/// The first index and the count of a slice of a dimension, bounds clamped as ONNX says.
fn range(start: i64, end: i64, step: i64, size: usize) -> Result<(usize, usize), String> {
    let size = size as i64;
    let from_end = |i: i64| if i < 0 { i.saturating_add(size) } else { i };
    let (first, count) = if step > 0 {
        let (start, end) = (from_end(start).clamp(0, size), from_end(end).clamp(0, size));
        (start, (end - start).max(0) as u64)
    } else if step < 0 {
        // From the last index down; an end before the first is -1, a start before it the first.
        let (start, end) = (from_end(start).clamp(0, (size - 1).max(0)), from_end(end).clamp(-1, size - 1));
        (start, (start.min(size - 1) - end).max(0) as u64)
    } else {
        return Err("a step is zero".to_owned());
    };
    let count = count.div_ceil(step.unsigned_abs());
    Ok((first.max(0) as usize, count as usize))
}

/// Reads Split: one slice for each output.
pub(super) fn split(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 2)?;
    let x = context.input(0)?;
    let at = axis(context.attributes.int("axis", 0)?, x.shape.len())?;
    let size = x.shape[at];
    let outputs = context.outputs;
    let parts: Vec<usize> = match context.integers(1)? {
        Some(given) => {
            given.iter().map(|n| usize::try_from(*n)).collect::<Result<_, _>>().map_err(|e| e.to_string())?
        }
        None => {
            let count = context.attributes.size("num_outputs", outputs)?;
            let part = size.div_ceil(count.max(1));
            (0..count).map(|i| part.min(size.saturating_sub(i.saturating_mul(part)))).collect()
        }
    };
    if parts.len() != outputs || parts.iter().try_fold(0_usize, |sum, n| sum.checked_add(*n)) != Some(size) {
        return Err(format!("{parts:?} do not split {size} into {outputs} outputs"));
    }
    let mut start = 0;
    let one = |(i, part): (usize, &usize)| {
        let (mut starts, mut shape) = (vec![0; x.shape.len()], x.shape.clone());
        (starts[at], shape[at]) = (start, *part);
        start += part;
        Parsed::new(Op::Slice { starts, steps: vec![1; x.shape.len()] }, [0], x.ty, shape).named(i)
    };
    Ok(parts.iter().enumerate().map(one).collect())
}

/// Reads Expand, whose target is a constant: broadcasting to it.
pub(super) fn expand(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 2)?;
    let x = context.input(0)?;
    let target = context.integers(1)?.unwrap_or_default();
    let target = target.iter().map(|d| usize::try_from(*d)).collect::<Result<Vec<_>, _>>();
    let shape = broadcast(&x.shape, &target.map_err(|_| "the target shape has a negative size".to_owned())?)?;
    check_shape(&shape)?;
    Parsed::one(Op::Expand, [0], x.ty, shape)
}

/// Reads Concat.
pub(super) fn concat(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1024)?;
    let first = context.input(0)?;
    let at = axis(context.attributes.int("axis", 0)?, first.shape.len())?;
    let mut shape = first.shape.clone();
    shape[at] = 0;
    for position in 0..context.inputs.len() {
        let input = context.input(position)?;
        let same = input.shape.len() == shape.len()
            && input.ty == first.ty
            && (0..shape.len()).all(|d| d == at || input.shape[d] == shape[d]);
        if !same {
            return Err(format!("'{}' {:?} cannot be joined to {:?} along {at}", input.name, input.shape, first.shape));
        }
        shape[at] = shape[at].checked_add(input.shape[at]).ok_or("the shape overflows")?;
    }
    check_shape(&shape)?;
    // Parts without elements add nothing; where there are no others, neither do they.
    let is_empty = |position: &usize| context.inputs[*position].is_some_and(|part| part.shape.contains(&0));
    let (empty, parts): (Vec<usize>, Vec<usize>) = (0..context.inputs.len()).partition(is_empty);
    let inputs = if parts.is_empty() { empty } else { parts };
    Parsed::one(Op::Concat { axis: at }, inputs, first.ty, shape)
}

/// Reads Pad. Inputs: data, pads, and optionally the value and axes, all but the data constants.
pub(super) fn pad(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 4)?;
    let x = context.input(0)?;
    let rank = x.shape.len();
    let given = context.integers(1)?.unwrap_or_default();
    let along = match context.integers(3)? {
        Some(given) => given.iter().map(|a| axis(*a, rank)).collect::<Result<Vec<_>, _>>()?,
        None => (0..rank).collect(),
    };
    if given.len() != 2 * along.len() {
        return Err(format!("pads must hold a before and an after for each of {} dimensions", along.len()));
    }
    let mut pads = vec![(0_i64, 0_i64); rank];
    for (i, d) in along.iter().enumerate() {
        pads[*d] = (given[i], given[along.len() + i]);
    }
    match context.attributes.string("mode", "constant")? {
        "constant" => constant_pad(context, x, &pads),
        mode @ ("reflect" | "edge" | "wrap") => mirrored_pad(x, &pads, mode),
        other => Err(format!("mode '{other}' is not supported; use constant, reflect, edge or wrap")),
    }
}

/// A negative pad takes elements away, so this is a slice, then zeros or another value around it.
fn constant_pad(context: &Context<'_>, x: &Value, pads: &[(i64, i64)]) -> Result<Vec<Parsed>, String> {
    let value = match (x.ty, context.optional(2)) {
        (Type::F32, _) => PadValue::F32(context.float(2)?.unwrap_or(0.0)),
        (Type::I64, _) => PadValue::I64(context.integers(2)?.and_then(|v| v.first().copied()).unwrap_or(0)),
        (Type::I32, _) => return Err("padding of I32 is not supported; cast before".to_owned()),
        (_, Some(value)) => PadValue::Byte(value.bytes().and_then(|b| b.first().copied()).unwrap_or(0)),
        (Type::I8, None) => PadValue::Byte(128),
        (_, None) => PadValue::Byte(0),
    };
    let mut shape = Vec::new();
    for (size, (before, after)) in x.shape.iter().zip(pads) {
        let padded = (*size as i64).checked_add(*before).and_then(|s| s.checked_add(*after));
        if *before < 0 || *after < 0 {
            return Err("a negative pad is not supported; use Slice".to_owned());
        }
        shape.push(padded.and_then(|s| usize::try_from(s).ok()).ok_or("the shape overflows")?);
    }
    check_shape(&shape)?;
    let before = pads.iter().map(|(before, _)| *before as usize).collect();
    Parsed::one(Op::Pad { before, value }, [0], x.ty, shape)
}

/// Other modes repeat elements, which is gathering them, one padded dimension after the other.
fn mirrored_pad(x: &Value, pads: &[(i64, i64)], mode: &str) -> Result<Vec<Parsed>, String> {
    let padded: Vec<usize> = (0..pads.len()).filter(|d| pads[*d] != (0, 0)).collect();
    let [d] = padded.as_slice() else {
        if padded.is_empty() {
            return Parsed::one(Op::View, [0], x.ty, x.shape.clone());
        }
        return Err("pads more than one dimension by repeating; use one Pad for each dimension".to_owned());
    };
    let (size, (before, after)) = (x.shape[*d] as i64, pads[*d]);
    let count = size.checked_add(before).and_then(|n| n.checked_add(after)).filter(|n| *n >= 0 && size > 0);
    let mut shape = x.shape.clone();
    shape[*d] = count.and_then(|n| usize::try_from(n).ok()).ok_or("the pads do not fit the shape")?;
    check_shape(&shape)?;
    let index = |i: i64| match mode {
        "edge" => i.clamp(0, size - 1),
        "wrap" => i.rem_euclid(size),
        _ if size == 1 => 0,
        _ => {
            let period = 2 * (size - 1);
            let within = i.rem_euclid(period);
            within.min(period - within)
        }
    };
    let indices: Arc<[i64]> = (0..shape[*d] as i64).map(|i| index(i - before)).collect();
    let extra = Value {
        name: format!("{}.indices", x.name),
        ty: Type::I64,
        shape: vec![indices.len()],
        constant: Some(Constant::I64(indices)),
    };
    let gather = Parsed::new(Op::Gather { axis: *d }, [0], x.ty, shape).named(0);
    Ok(vec![Parsed { extra: vec![extra], ..gather }])
}

/// Reads Gather. Inputs: data, indices (whole numbers, counted from the end when negative).
pub(super) fn gather(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 2)?;
    let (x, indices) = (context.input(0)?, context.input(1)?);
    let at = axis(context.attributes.int("axis", 0)?, x.shape.len())?;
    if !matches!(indices.ty, Type::I64 | Type::I32) {
        return Err(format!("indices '{}' must be whole numbers", indices.name));
    }
    let size = x.shape[at] as i64;
    if let Some(known) = indices.integers()
        && let Some(index) = known.iter().find(|i| **i < -size || **i >= size)
    {
        return Err(format!("index {index} is out of range for {size}"));
    }
    let mut shape = x.shape[..at].to_vec();
    shape.extend(&indices.shape);
    shape.extend(&x.shape[at + 1..]);
    check_shape(&shape)?;
    Parsed::one(Op::Gather { axis: at }, [0, 1], x.ty, shape)
}

/// Axes given as a constant input or, where it is left out, all.
pub(super) fn all_or(given: Option<Vec<i64>>, rank: usize) -> Result<Vec<usize>, String> {
    given.map_or_else(|| Ok((0..rank).collect()), |given| axes(&given, rank))
}
