//! Shapes as values.

use dunlin_bundle::tensor::DType;

use super::Ask;
use crate::facts::{Entry, Extent, Fact, Fault};
use crate::model::Attribute;

pub(super) fn shape(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let rank = x.shape.len() as i64;
    let bound = |name: &str, default: i64| {
        let value = ask.node.int(name, default);
        let from_front = if value < 0 { value.saturating_add(rank) } else { value };
        from_front.clamp(0, rank) as usize
    };
    let (start, end) = (bound("start", 0), bound("end", rank));
    let entry = |extent: &Extent| match extent {
        Extent::Size(size) => Entry::Int(*size as i64),
        Extent::Rows(each) => Entry::Rows(*each as i64),
    };
    let entries: Vec<Entry> = x.shape[start..end.max(start)].iter().map(entry).collect();
    Ok(vec![Fact::new(DType::I64, vec![Extent::Size(entries.len())]).with_known(Some(entries))])
}

/// One value everywhere.
pub(super) fn constant_of_shape(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let entries = &ask.fact(0)?.known;
    let entries = entries.as_ref().ok_or("the shape that it makes must be known before the model runs")?;
    let shape = entries.iter().map(|entry| match entry {
        Entry::Int(size) => usize::try_from(*size).map(Extent::Size).map_err(|_| "its shape is negative"),
        Entry::Rows(each) => usize::try_from(*each).map(Extent::Rows).map_err(|_| "its shape is negative"),
    });
    let shape: Vec<Extent> = shape.collect::<Result<_, _>>()?;
    if shape.iter().filter(|extent| matches!(extent, Extent::Rows(_))).count() > 1 {
        return Err(Fault::Mixes("it makes a value in which the batch is two dimensions".to_owned()));
    }
    let (dtype, known) = match ask.node.attributes.get("value") {
        Some(Attribute::Int(value)) => {
            let count = super::product(&shape)?;
            let entries = (count <= crate::limits::MAX_KNOWN).then(|| vec![Entry::Int(*value); count]);
            (DType::I64, entries)
        }
        _ => (DType::F32, None),
    };
    Ok(vec![Fact::new(dtype, shape).with_known(known)])
}
