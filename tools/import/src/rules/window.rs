//! Convolutions and pools.

use dunlin_bundle::tensor::DType;

use super::{Ask, one};
use crate::facts::{Extent, Fact, Fault, describe};
use crate::model::Node;

/// A window along one dimension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) pads: (usize, usize),
}

impl Window {
    /// From the first element that a window looks at to past the last.
    pub(crate) fn reach(&self) -> Result<usize, Fault> {
        let reach =
            self.kernel.checked_sub(1).and_then(|k| k.checked_mul(self.dilation)).and_then(|r| r.checked_add(1));
        reach.ok_or_else(|| Fault::Wrong("its kernel is empty or overflows".to_owned()))
    }

    /// Positions of the window along a dimension. `ceil` also counts a last one that reaches past the end, if it starts
    /// before the padding after it.
    pub(crate) fn positions(&self, size: usize, ceil: bool) -> Result<usize, Fault> {
        let reach = self.reach()?;
        let padded = size.checked_add(self.pads.0).and_then(|s| s.checked_add(self.pads.1));
        let room = padded.and_then(|padded| padded.checked_sub(reach)).ok_or_else(|| {
            Fault::Wrong(format!("a window of {reach} does not fit in {size} with pads {:?}", self.pads))
        })?;
        if !ceil {
            return Ok(room / self.stride + 1);
        }
        let positions = room.div_ceil(self.stride) + 1;
        let starts_inside = (positions - 1).checked_mul(self.stride).is_some_and(|start| start < size + self.pads.0);
        Ok(if starts_inside { positions } else { positions - 1 })
    }
}

/// The windows of a node along `spatial` dimensions, whose `auto_pad` is settled already.
pub(crate) fn windows(node: &Node, kernel: &[usize]) -> Result<Vec<Window>, Fault> {
    let list = |name: &str, length: usize, default: usize, least: usize| -> Result<Vec<usize>, Fault> {
        let values = node.ints(name);
        if values.is_empty() {
            return Ok(vec![default; length]);
        }
        let sizes: Option<Vec<usize>> =
            values.iter().map(|v| usize::try_from(*v).ok().filter(|v| *v >= least && *v <= 1 << 30)).collect();
        sizes.filter(|sizes| sizes.len() == length).ok_or_else(|| {
            Fault::Wrong(format!("{name} {values:?} must be {length} numbers, none below {least} or absurd"))
        })
    };
    let rank = kernel.len();
    let (strides, dilations) = (list("strides", rank, 1, 1)?, list("dilations", rank, 1, 1)?);
    let pads = list("pads", 2 * rank, 0, 0)?;
    let window = |i: usize| Window {
        kernel: kernel[i],
        stride: strides[i],
        dilation: dilations[i],
        pads: (pads[i], pads[i + rank]),
    };
    Ok((0..rank).map(window).collect())
}

/// X (N, C, spatial), W (M, C / group, kernel), B (M).
pub(super) fn conv(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let w = ask.constant_sizes(1, "its kernel")?;
    let spatial = spatial(x)?;
    if w.len() != x.shape.len() || spatial.len() > 2 {
        let shapes = format!("X {} and W {w:?}", describe(&x.shape));
        return Err(Fault::Wrong(format!("{shapes} must both have one or two spatial dimensions")));
    }
    let kernel_shape = ask.node.ints("kernel_shape");
    if !kernel_shape.is_empty() && !w[2..].iter().map(|size| *size as i64).eq(kernel_shape.iter().copied()) {
        return Err(Fault::Wrong(format!("kernel_shape {kernel_shape:?} is not that of W {w:?}")));
    }
    let group = usize::try_from(ask.node.int("group", 1)).unwrap_or(0);
    let channels = x.shape[1].size()?;
    let fits = group > 0 && w[1].checked_mul(group) == Some(channels) && w[0] > 0 && w[0].is_multiple_of(group);
    if !fits {
        return Err(Fault::Wrong(format!("X {} and W {w:?} do not agree for {group} groups", describe(&x.shape))));
    }
    if ask.maybe(2).is_some_and(|b| b.shape != [Extent::Size(w[0])]) {
        return Err(Fault::Wrong(format!("its bias must have shape [{}]", w[0])));
    }
    let mut shape = vec![x.shape[0], Extent::Size(w[0])];
    for (window, size) in windows(ask.node, &w[2..])?.iter().zip(spatial) {
        shape.push(Extent::Size(window.positions(size, false)?));
    }
    one(x.dtype, shape)
}

pub(super) fn pool(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let spatial = spatial(x)?;
    let kernel: Option<Vec<usize>> = ask.node.ints("kernel_shape").iter().map(|k| usize::try_from(*k).ok()).collect();
    let kernel = kernel.filter(|kernel| kernel.len() == spatial.len() && spatial.len() <= 3).ok_or_else(|| {
        Fault::Wrong(format!(
            "kernel_shape must have one to three sizes, one for each spatial one of {}",
            describe(&x.shape)
        ))
    })?;
    let ceil = ask.node.int("ceil_mode", 0) != 0;
    let mut shape = x.shape[..2].to_vec();
    for (window, size) in windows(ask.node, &kernel)?.iter().zip(spatial) {
        let reach = window.reach()?;
        if window.pads.0 >= reach || window.pads.1 >= reach {
            return Err(Fault::Wrong(format!("pads {:?} are no smaller than its window", window.pads)));
        }
        shape.push(Extent::Size(window.positions(size, ceil)?));
    }
    one(x.dtype, shape)
}

/// With a second output, also the place of each element among all of X, which counts the rows before it.
pub(super) fn max_pool(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let mut made = pool(ask)?;
    if ask.node.outputs.len() > 1 {
        if ask.fact(0)?.rows().is_some() {
            return Err(Fault::Mixes("its second output counts through the whole batch".to_owned()));
        }
        let shape = made.iter().flat_map(|fact| fact.shape.clone()).collect();
        made.push(Fact::new(DType::I64, shape));
    }
    Ok(made)
}

pub(super) fn global(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let spatial = spatial(x)?;
    let ones = spatial.iter().map(|_| Extent::Size(1));
    one(x.dtype, x.shape[..2].iter().copied().chain(ones).collect())
}

/// The sizes after batch and channels.
fn spatial(x: &Fact) -> Result<Vec<usize>, Fault> {
    if x.shape.len() < 3 {
        return Err(Fault::Wrong(format!("X {} must have a batch, channels and spatial sizes", describe(&x.shape))));
    }
    x.shape[1..].iter().skip(1).map(|extent| extent.size()).collect::<Result<Vec<_>, _>>().and_then(|sizes| {
        x.shape[1].size()?;
        Ok(sizes)
    })
}
