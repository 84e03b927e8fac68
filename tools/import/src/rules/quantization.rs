//! Quantised values and back, each with a scale and a zero point: one of each, or one for each element along `axis`.

use dunlin_bundle::tensor::DType;

use super::{Ask, axis, one};
use crate::facts::{Extent, Fact, Fault};

pub(super) fn quantize(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let dtype = check(ask)?.unwrap_or(DType::U8);
    if x.dtype != DType::F32 || !matches!(dtype, DType::U8 | DType::I8) {
        return Err(Fault::Wrong(format!("it must quantise f32 to 8 bits, not {:?} to {dtype:?}", x.dtype)));
    }
    one(dtype, x.shape.clone())
}

pub(super) fn dequantize(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let zero_point = check(ask)?.unwrap_or(x.dtype);
    if !matches!(x.dtype, DType::U8 | DType::I8 | DType::I32) || zero_point != x.dtype {
        let problem =
            format!("it must read u8, i8 or i32 and a zero point alike, not {:?} and {zero_point:?}", x.dtype);
        return Err(Fault::Wrong(problem));
    }
    one(DType::F32, x.shape.clone())
}

/// Checks scale and zero point, and gives the zero point's type.
fn check(ask: &Ask<'_>) -> Result<Option<DType>, Fault> {
    let (x, scale) = (ask.fact(0)?, ask.fact(1)?);
    if scale.dtype != DType::F32 || ask.constants.get(1).copied().flatten().is_none() {
        return Err(Fault::Wrong("its scale must be a constant of floats".to_owned()));
    }
    if ask.maybe(2).is_some_and(|zero| zero.shape != scale.shape || ask.constants[2].is_none()) {
        return Err(Fault::Wrong("its zero point must be a constant of its scale's shape".to_owned()));
    }
    match scale.shape.as_slice() {
        [] | [Extent::Size(1)] => {}
        [Extent::Size(each)] => {
            let along = axis(ask.node.int("axis", 1), x.shape.len())?;
            if x.shape[along].size()? != *each {
                return Err(Fault::Wrong(format!("it has {each} scales, and another size along its axis {along}")));
            }
        }
        _ => return Err(Fault::Wrong("its scales have more than one dimension, and it has no block_size".to_owned())),
    }
    Ok(ask.maybe(2).map(|zero| zero.dtype))
}
