//! Ops that make one number of all along some dimensions.

use dunlin_bundle::tensor::DType;

use super::{Ask, axes, axis, one};
use crate::facts::{Entry, Extent, Fact, Fault};

/// Over the axes of the second input, or over all dimensions without it.
pub(super) fn reduce(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let rank = x.shape.len();
    let over = match ask.maybe(1) {
        Some(_) => axes(&ask.ints(1, "what it reduces over")?, rank)?,
        None => (0..rank).collect(),
    };
    let known = match (ask.node.op.as_str(), x.ints()) {
        ("ReduceProd", Some(values)) => {
            let product = values.iter().try_fold(1_i64, |n, v| n.checked_mul(*v));
            product.map(|product| vec![Entry::Int(product)])
        }
        _ => None,
    };
    Ok(vec![Fact::new(x.dtype, reduced(x, &over, ask.node.int("keepdims", 1) != 0)?).with_known(known)])
}

pub(super) fn arg(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let over = [axis(ask.node.int("axis", 0), x.shape.len())?];
    one(DType::I64, reduced(x, &over, ask.node.int("keepdims", 1) != 0)?)
}

fn reduced(x: &Fact, over: &[usize], keep: bool) -> Result<Vec<Extent>, Fault> {
    let mut shape = Vec::with_capacity(x.shape.len());
    for (i, extent) in x.shape.iter().enumerate() {
        match (over.contains(&i), extent) {
            (true, Extent::Rows(_)) => return Err(Fault::Mixes("it reduces over the batch".to_owned())),
            (true, Extent::Size(_)) if keep => shape.push(Extent::Size(1)),
            (true, Extent::Size(_)) => {}
            (false, extent) => shape.push(*extent),
        }
    }
    Ok(shape)
}
