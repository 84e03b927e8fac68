//! A value's shape as a value.

use dunlin_bundle::tensor::DType;

use super::Ask;
use crate::facts::{Entry, Extent, Fact, Fault};

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
