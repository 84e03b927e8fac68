//! Ops that put values together or take parts of them.

use super::{Ask, axis, one};
use crate::facts::{Entry, Extent, Fact, Fault, describe};

pub(super) fn concat(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let first = ask.fact(0)?;
    let along = axis(ask.node.int("axis", 0), first.shape.len())?;
    let mut shape = first.shape.clone();
    let mut length = 0_usize;
    let mut known = Some(Vec::new());
    for position in 0..ask.inputs.len() {
        let part = ask.fact(position)?;
        if part.dtype != first.dtype || part.shape.len() != shape.len() {
            let (a, b) = (describe(&first.shape), describe(&part.shape));
            return Err(Fault::Wrong(format!("{a} and {b} cannot be joined, or are of two types")));
        }
        for (i, (a, b)) in shape.iter().zip(&part.shape).enumerate() {
            if i != along && a != b {
                let problem = format!(
                    "{} and {} cannot be joined along dimension {along}",
                    describe(&first.shape),
                    describe(&part.shape)
                );
                let batch = matches!((a, b), (Extent::Rows(_), _) | (_, Extent::Rows(_)));
                return Err(if batch { Fault::Mixes(problem) } else { Fault::Wrong(problem) });
            }
        }
        let Extent::Size(size) = part.shape[along] else {
            return Err(Fault::Mixes("it joins along the batch".to_owned()));
        };
        length = length.checked_add(size).ok_or("its shape overflows")?;
        match (&mut known, &part.known) {
            (Some(entries), Some(more)) => entries.extend(more),
            _ => known = None,
        }
    }
    shape[along] = Extent::Size(length);
    Ok(vec![Fact::new(first.dtype, shape).with_known(known)])
}

/// Entries of the first operand by number along `axis`.
pub(super) fn gather(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let (data, indices) = (ask.fact(0)?, ask.fact(1)?);
    let along = axis(ask.node.int("axis", 0), data.shape.len())?;
    if data.rows().is_some() && indices.rows().is_some() {
        return Err(Fault::Mixes("it looks each row's entries up among those of all rows".to_owned()));
    }
    let Extent::Size(size) = data.shape[along] else {
        return Err(Fault::Mixes("it picks rows of the batch".to_owned()));
    };
    let shape = [&data.shape[..along], &indices.shape, &data.shape[along + 1..]].concat();
    let pick = |entries: &Vec<Entry>| -> Option<Vec<Entry>> {
        let positions = indices.ints()?.into_iter().map(|i| axis(i, size).ok());
        positions.map(|i| entries.get(i?).copied()).collect()
    };
    if let Some(outside) = indices.ints().into_iter().flatten().find(|i| axis(*i, size).is_err()) {
        return Err(Fault::Wrong(format!("it takes entry {outside} of {size}")));
    }
    Ok(vec![Fact::new(data.dtype, shape).with_known(data.known.as_ref().and_then(pick))])
}

/// Starts, ends, axes and steps are inputs, one number each for every axis named.
pub(super) fn slice(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let lists = [1, 2, 3, 4].map(|position| ask.ints(position, "what it takes"));
    let [starts, ends, along, steps] = lists;
    let (starts, ends, along, steps) = (starts?, ends?, along?, steps?);
    if [ends.len(), along.len(), steps.len()].iter().any(|length| *length != starts.len()) {
        return Err(Fault::Wrong("its starts, ends, axes and steps are not one for each axis".to_owned()));
    }
    super::axes(&along, x.shape.len())?;
    let (mut shape, mut known) = (x.shape.clone(), x.known.clone());
    for i in 0..starts.len() {
        let place = axis(along[i], x.shape.len())?;
        let Extent::Size(size) = x.shape[place] else {
            return Err(Fault::Mixes("it takes some rows of the batch".to_owned()));
        };
        let taken = positions(starts[i], ends[i], steps[i], size)?;
        known = known.filter(|entries| entries.len() == size);
        known = known.map(|entries| taken.clone().map(|(at, _)| entries[at]).collect());
        shape[place] = Extent::Size(taken.count());
    }
    Ok(vec![Fact::new(x.dtype, shape).with_known(known)])
}

/// The positions that a slice takes of a dimension, each with its number in the result.
fn positions(
    start: i64,
    end: i64,
    step: i64,
    size: usize,
) -> Result<impl Iterator<Item = (usize, usize)> + Clone, Fault> {
    if step == 0 {
        return Err(Fault::Wrong("its step is zero".to_owned()));
    }
    let length = size as i64;
    let from_front = |value: i64| if value < 0 { value.saturating_add(length) } else { value };
    // Backwards, an end before the first position takes that one too.
    let (start, end) = if step > 0 {
        (from_front(start).clamp(0, length), from_front(end).clamp(0, length))
    } else {
        (from_front(start).clamp(0, (length - 1).max(0)), from_front(end).clamp(-1, (length - 1).max(-1)))
    };
    let count = if step > 0 { end.saturating_sub(start) } else { start.saturating_sub(end) };
    let count = if count <= 0 { 0 } else { (count.unsigned_abs() - 1) / step.unsigned_abs() + 1 };
    let count = if size == 0 { 0 } else { count as usize };
    Ok((0..count).map(move |i| ((start + i as i64 * step) as usize, i)))
}

/// Sizes of the parts are an input.
pub(super) fn split(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let along = axis(ask.node.int("axis", 0), x.shape.len())?;
    let Extent::Size(size) = x.shape[along] else {
        return Err(Fault::Mixes("it splits the batch".to_owned()));
    };
    let sizes = ask.ints(1, "the sizes of its parts")?;
    let sizes: Option<Vec<usize>> = sizes.iter().map(|s| usize::try_from(*s).ok()).collect();
    let sizes = sizes.filter(|sizes| sizes.len() == ask.node.outputs.len());
    let sizes = sizes.filter(|sizes| sizes.iter().try_fold(0_usize, |n, s| n.checked_add(*s)) == Some(size));
    let sizes =
        sizes.ok_or_else(|| format!("the sizes of its parts must be one for each output and add up to {size}"))?;
    let mut start = 0;
    let part = |size: usize| {
        let mut shape = x.shape.clone();
        shape[along] = Extent::Size(size);
        let entries = x.known.as_ref().and_then(|known| known.get(start..start + size)).map(<[Entry]>::to_vec);
        start += size;
        Fact::new(x.dtype, shape).with_known(entries)
    };
    Ok(sizes.into_iter().map(part).collect())
}

/// Pads are an input: all the befores, then all the afters.
pub(super) fn pad(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let rank = x.shape.len();
    let pads = ask.ints(1, "its pads")?;
    if pads.len() != 2 * rank {
        return Err(Fault::Wrong(format!("its pads must be two for each of {rank} dimensions")));
    }
    let mut shape = Vec::with_capacity(rank);
    for (i, extent) in x.shape.iter().enumerate() {
        let (before, after) = (pads[i], pads[i + rank]);
        if (before, after) == (0, 0) {
            shape.push(*extent);
            continue;
        }
        let Extent::Size(size) = extent else { return Err(Fault::Mixes("it pads the batch".to_owned())) };
        let padded = (*size as i64).checked_add(before).and_then(|s| s.checked_add(after));
        let padded = padded.and_then(|size| usize::try_from(size).ok()).ok_or("its pads overflow")?;
        if ask.node.string("mode") == "reflect" && before.max(after) >= *size as i64 {
            return Err(Fault::Wrong(format!("pads of {before} and {after} are too much for {size} elements")));
        }
        shape.push(Extent::Size(padded));
    }
    one(x.dtype, shape)
}
