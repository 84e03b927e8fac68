//! `QuantizeLinear` and `DequantizeLinear`, and what fusion makes of ops between them.

use std::sync::Arc;

use dunlin_kernels::q8::Requantize;

use super::{Context, Op, Parsed, Pool, axis};
use crate::ir::{Type, Value};

/// Scale and zero point of a tensor, or of each index along an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    pub(crate) scale: Arc<[f32]>,
    /// As stored: those of I8 have 128 added. I32 has none.
    pub(crate) zero: Arc<[u8]>,
    /// The axis, where there is more than one scale.
    pub(crate) axis: Option<usize>,
}

impl Scale {
    /// Scale and zero point of a tensor that has one.
    pub(crate) fn whole(&self) -> Option<(f32, u8)> {
        match (&*self.scale, &*self.zero) {
            ([scale], [zero]) => Some((*scale, *zero)),
            _ => None,
        }
    }
}

/// Addition of two u8 tensors of one shape.
#[derive(Clone, Debug)]
pub(crate) struct QAdd {
    /// Scales of both in units of the result's, and zero points.
    pub(crate) a: (f32, u8),
    pub(crate) b: (f32, u8),
    pub(crate) requantize: Requantize,
}

/// An average pool from u8 to u8.
#[derive(Clone, Debug)]
pub(crate) struct QPool {
    pub(crate) pool: Pool,
    /// x's scale in units of the result's, and its zero point.
    pub(crate) x: (f32, u8),
    pub(crate) requantize: Requantize,
}

/// Inputs: x (F32), scale, and optionally a zero point, whose type is the result's (U8 without one).
pub(super) fn quantize(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 3)?;
    let x = context.f32_input(0)?;
    context.attributes.flag("saturate", true)?;
    context.attributes.int("precision", 0)?;
    let wanted = match context.attributes.int("output_dtype", 0)? {
        0 => None,
        2 => Some(Type::U8),
        3 => Some(Type::I8),
        other => return Err(format!("output_dtype {other} is not supported; use UINT8 or INT8")),
    };
    let ty = context.optional(2).map(|zero| zero.ty).or(wanted).unwrap_or(Type::U8);
    if !matches!(ty, Type::U8 | Type::I8) || wanted.is_some_and(|wanted| wanted != ty) {
        return Err(format!("quantises to {ty:?}; use UINT8 or INT8"));
    }
    let scale = read_scale(context, x, ty)?;
    Parsed::one(Op::Quantize(scale), [0], ty, x.shape.clone())
}

/// Inputs: x (U8, I8 or I32), scale, and optionally a zero point of x's type.
pub(super) fn dequantize(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 3)?;
    let x = context.input(0)?;
    context.attributes.int("output_dtype", 0)?;
    if !matches!(x.ty, Type::U8 | Type::I8 | Type::I32) {
        return Err(format!("'{}' is {:?}; only UINT8, INT8 and INT32 can be dequantised", x.name, x.ty));
    }
    let scale = read_scale(context, x, x.ty)?;
    Parsed::one(Op::Dequantize(scale), [0], Type::F32, x.shape.clone())
}

fn read_scale(context: &Context<'_>, x: &Value, ty: Type) -> Result<Scale, String> {
    let scale = context.floats(1)?;
    if context.attributes.int("block_size", 0)? != 0 {
        return Err("block_size is not supported".to_owned());
    }
    let at = context.attributes.int("axis", 1)?;
    if scale.iter().any(|s| !s.is_finite() || *s <= 0.0) {
        return Err("a scale is not above zero".to_owned());
    }
    let axis = if scale.len() == 1 { None } else { Some(axis(at, x.shape.len())?) };
    if axis.is_some_and(|axis| x.shape[axis] != scale.len()) {
        return Err(format!("{} scales do not fit the axis of {:?}", scale.len(), x.shape));
    }
    let none = if ty == Type::I8 { 128 } else { 0 };
    let zero: Arc<[u8]> = match context.optional(2) {
        None => vec![none; scale.len()].into(),
        Some(zero) if zero.ty == Type::I32 && zero.integers().is_some_and(|z| z.iter().all(|z| *z == 0)) => {
            vec![0; scale.len()].into()
        }
        Some(zero) if zero.ty == ty => zero.bytes().ok_or("the zero point must be an initializer")?.into(),
        Some(zero) => return Err(format!("zero point '{}' must be {ty:?}", zero.name)),
    };
    if zero.len() != scale.len() {
        return Err(format!("{} zero points for {} scales", zero.len(), scale.len()));
    }
    Ok(Scale { scale, zero, axis })
}
