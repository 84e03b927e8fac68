//! Batch and layer normalization, and the softmaxes.

use super::{Ask, axis, one};
use crate::facts::{Extent, Fact, Fault, describe};

/// X (N, C, ...) with a scale, bias, mean and variance for each channel.
pub(super) fn batch(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let Some(channels) = x.shape.get(1) else {
        return Err(Fault::Wrong(format!("X {} has no channels", describe(&x.shape))));
    };
    channels.size()?;
    for position in 1..5 {
        if ask.fact(position)?.shape != [*channels] {
            let found = describe(&ask.fact(position)?.shape);
            return Err(Fault::Wrong(format!("input {position} has shape {found}, not one number for each channel")));
        }
    }
    one(x.dtype, x.shape.clone())
}

/// Over the last dimensions, from `axis` on. A node may also tell the mean and the inverse of the standard deviation.
pub(super) fn layer(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let first = axis(ask.node.int("axis", -1), x.shape.len())?;
    x.shape[first..].iter().try_for_each(|extent| extent.size().map(drop))?;
    for position in 1..ask.inputs.len() {
        let Some(scale) = ask.maybe(position) else { continue };
        if super::broadcast(&scale.shape, &x.shape)? != x.shape || scale.rows().is_some() {
            let (scale, x) = (describe(&scale.shape), describe(&x.shape));
            return Err(Fault::Wrong(format!("its scale or bias {scale} cannot be stretched to {x}")));
        }
    }
    let kept = x.shape[..first].iter().copied();
    let statistic = kept.chain(x.shape[first..].iter().map(|_| Extent::Size(1))).collect();
    let statistic = Fact::new(x.dtype, statistic);
    let made = [Fact::new(x.dtype, x.shape.clone()), statistic.clone(), statistic];
    Ok(made.into_iter().take(ask.node.outputs.len()).collect())
}

/// Along one dimension.
pub(super) fn softmax(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let along = axis(ask.node.int("axis", -1), x.shape.len())?;
    match x.shape[along] {
        Extent::Size(_) => one(x.dtype, x.shape.clone()),
        Extent::Rows(_) => Err(Fault::Mixes("it normalises over the batch".to_owned())),
    }
}
