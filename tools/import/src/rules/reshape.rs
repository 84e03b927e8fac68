//! Ops that change a shape and leave the elements in their order, and `Transpose` and `Expand`.

use super::{Ask, axes, axis, one, product};
use crate::facts::{Entry, Extent, Fact, Fault, describe};

pub(super) fn reshape(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let (shape, _) = reshaped(ask)?;
    let x = ask.fact(0)?;
    Ok(vec![Fact::new(x.dtype, shape).with_known(x.known.clone())])
}

/// What a Reshape makes, and a target that makes it for every batch: 0 or -1 where the batch is. Where there is no batch,
/// the target has all sizes, a 0 among them for a dimension of zero.
pub(crate) fn reshaped(ask: &Ask<'_>) -> Result<(Vec<Extent>, Vec<i64>), Fault> {
    let x = ask.fact(0)?;
    let target = ask.fact(1)?.known.as_ref();
    let target = target.ok_or("its target shape must be known before the model runs; export it with fixed shapes")?;
    let zero_is_size = ask.node.int("allowzero", 0) != 0;
    match x.rows() {
        Some(_) if product(&x.shape)? == 0 || (zero_is_size && target.contains(&Entry::Int(0))) => {
            Err(Fault::Mixes("it reshapes rows without elements".to_owned()))
        }
        Some((at, each)) => with_rows(ask, target, at, each),
        None => {
            let target = ask.ints(1, "its target shape")?;
            let shape = resolve(&target, &x.shape, product(&x.shape)?, zero_is_size)?;
            let sizes = shape.iter().map(|size| *size as i64).collect();
            Ok((shape.into_iter().map(Extent::Size).collect(), sizes))
        }
    }
}

/// The sizes of a target without a batch: 0 copies, unless it is a size too, -1 is what is left of `total`.
fn resolve(target: &[i64], input: &[Extent], total: usize, zero_is_size: bool) -> Result<Vec<usize>, Fault> {
    let wrong = || Fault::Wrong(format!("{} cannot be reshaped to {target:?}", describe(input)));
    let mut shape = Vec::with_capacity(target.len());
    for (i, size) in target.iter().enumerate() {
        shape.push(match *size {
            0 if !zero_is_size => input.get(i).ok_or_else(wrong)?.size()?,
            -1 => 1,
            size => usize::try_from(size).map_err(|_| wrong())?,
        });
    }
    let known = shape.iter().try_fold(1_usize, |n, size| n.checked_mul(*size)).ok_or_else(wrong)?;
    match target.iter().position(|size| *size == -1) {
        Some(open) if known > 0 && total.is_multiple_of(known) => shape[open] = total / known,
        None if known == total => {}
        _ => return Err(wrong()),
    }
    Ok(shape)
}

/// The batch may move only where as many elements stand before it as did: then row n is still what it was.
fn with_rows(ask: &Ask<'_>, target: &[Entry], at: usize, each: usize) -> Result<(Vec<Extent>, Vec<i64>), Fault> {
    let x = ask.fact(0)?;
    let (before, after) = (product(&x.shape[..at])?, product(&x.shape[at + 1..])?);
    let row = each.checked_mul(after).ok_or("its shape overflows")?;
    let names_rows = |(i, entry): (usize, &Entry)| match entry {
        Entry::Rows(_) => true,
        Entry::Int(size) => *size == 0 && i == at,
    };
    let named = target.iter().enumerate().position(|(i, entry)| names_rows((i, entry)));
    let places = named.map_or(0..target.len(), |place| place..place + 1);
    for place in places {
        if let Some((front, each, back)) = split_at(ask, target, place, before, row) {
            let copies = place == at && x.shape[at] == Extent::Rows(each);
            let size = |sizes: &[usize]| sizes.iter().map(|size| Extent::Size(*size)).collect::<Vec<_>>();
            let number = |sizes: &[usize]| sizes.iter().map(|size| *size as i64).collect::<Vec<_>>();
            let shape = [size(&front), vec![Extent::Rows(each)], size(&back)].concat();
            let batch = if copies { 0 } else { -1 };
            return Ok((shape, [number(&front), vec![batch], number(&back)].concat()));
        }
    }
    let entries = target.iter().map(|entry| match entry {
        Entry::Int(size) => size.to_string(),
        Entry::Rows(each) => format!("{each}N"),
    });
    let target = entries.collect::<Vec<_>>().join(", ");
    Err(Fault::Mixes(format!("it reshapes {} to [{target}], which tears rows apart", describe(&x.shape))))
}

/// Sizes before the batch, entries of a row along it, and sizes after, if the batch can stand at `place`.
fn split_at(
    ask: &Ask<'_>,
    target: &[Entry],
    place: usize,
    before: usize,
    row: usize,
) -> Option<(Vec<usize>, usize, Vec<usize>)> {
    let input = &ask.inputs.first().copied().flatten()?.shape;
    // The sizes beside the batch; a 0 copies a size of the input, -1 is left open.
    let beside = |range: std::ops::Range<usize>| -> Option<Vec<i64>> {
        let number = |i: usize| match target[i] {
            Entry::Int(0) => match input.get(i)? {
                Extent::Size(size) => i64::try_from(*size).ok(),
                Extent::Rows(_) => None,
            },
            Entry::Int(size) => Some(size),
            Entry::Rows(_) => None,
        };
        range.map(number).collect()
    };
    let front = resolve(&beside(0..place)?, &[], before, false).ok()?;
    let back = beside(place + 1..target.len())?;
    let fixed = back.iter().filter(|size| **size != -1).try_fold(1_i64, |n, size| n.checked_mul(*size))?;
    let fixed = usize::try_from(fixed).ok().filter(|fixed| *fixed > 0)?;
    let each = match target[place] {
        Entry::Rows(each) => usize::try_from(each).ok()?,
        Entry::Int(0) => match input.get(place)? {
            Extent::Rows(each) => *each,
            Extent::Size(_) => return None,
        },
        Entry::Int(-1) if row.is_multiple_of(fixed) => row / fixed,
        Entry::Int(size) => {
            let (size, rows) = (usize::try_from(size).ok()?, ask.exported_rows?);
            if !size.is_multiple_of(rows) {
                return None;
            }
            size / rows
        }
    };
    if each == 0 || !row.is_multiple_of(each) {
        return None;
    }
    let back = resolve(&back, &[], row / each, false).ok()?;
    Some((front, each, back))
}

/// Two dimensions: all before the axis, and all from it on.
pub(super) fn flatten(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let rank = x.shape.len();
    let at = ask.node.int("axis", 1);
    let at = if at == rank as i64 { rank } else { axis(at, rank.max(1))? };
    let join = |extents: &[Extent]| -> Result<Extent, Fault> {
        let size = product(extents)?;
        match extents.iter().position(|extent| matches!(extent, Extent::Rows(_))) {
            None => Ok(Extent::Size(size)),
            Some(place) if product(&extents[..place])? == 1 => Ok(Extent::Rows(size)),
            Some(_) => Err(Fault::Mixes(format!("it flattens {} across the batch", describe(&x.shape)))),
        }
    };
    one(x.dtype, vec![join(&x.shape[..at])?, join(&x.shape[at..])?])
}

pub(super) fn squeeze(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let gone = axes(&ask.ints(1, "which dimensions it removes")?, x.shape.len())?;
    for place in &gone {
        match x.shape[*place] {
            Extent::Size(1) => {}
            Extent::Rows(_) => return Err(Fault::Mixes("it removes the batch".to_owned())),
            Extent::Size(size) => {
                return Err(Fault::Wrong(format!("it removes dimension {place}, which has {size} elements, not 1")));
            }
        }
    }
    let kept = x.shape.iter().enumerate().filter(|(i, _)| !gone.contains(i)).map(|(_, extent)| *extent);
    Ok(vec![Fact::new(x.dtype, kept.collect()).with_known(x.known.clone())])
}

pub(super) fn unsqueeze(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let wanted = ask.ints(1, "which dimensions it adds")?;
    let rank = x.shape.len().saturating_add(wanted.len());
    let added = axes(&wanted, rank)?;
    let mut old = x.shape.iter().copied();
    let shape = (0..rank).filter_map(|i| if added.contains(&i) { Some(Extent::Size(1)) } else { old.next() });
    Ok(vec![Fact::new(x.dtype, shape.collect()).with_known(x.known.clone())])
}

pub(super) fn transpose(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let rank = x.shape.len();
    let order: Vec<usize> = match ask.node.ints("perm") {
        [] => (0..rank).rev().collect(),
        perm => {
            let order: Option<Vec<usize>> = perm.iter().map(|d| usize::try_from(*d).ok()).collect();
            let order = order.filter(|order| order.len() == rank && (0..rank).all(|d| order.contains(&d)));
            order.ok_or_else(|| format!("perm {perm:?} is not an order of {rank} dimensions"))?
        }
    };
    one(x.dtype, order.iter().map(|d| x.shape[*d]).collect())
}

/// Stretched to a target shape, whose ones leave a size as it is.
pub(super) fn expand(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let target = ask.fact(1)?.known.as_ref();
    let target = target.ok_or("its target shape must be known before the model runs; export it with fixed shapes")?;
    let extents = target.iter().map(|entry| match entry {
        Entry::Int(size) => usize::try_from(*size).map(Extent::Size).map_err(|_| "its target shape is negative"),
        Entry::Rows(each) => usize::try_from(*each).map(Extent::Rows).map_err(|_| "its target shape is negative"),
    });
    let extents: Vec<Extent> = extents.collect::<Result<_, _>>()?;
    Ok(vec![Fact::new(x.dtype, super::broadcast(&x.shape, &extents)?).with_known(x.known.clone())])
}
