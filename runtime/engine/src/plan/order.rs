//! In which order a value's dimensions lie in memory, and the borders around images.

use super::memory::Slot;
use crate::ir::{Ir, Op, ValueId};

/// Pixels around an image that its consumers read as padding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Halo {
    pub(crate) top: usize,
    pub(crate) left: usize,
    pub(crate) bottom: usize,
    pub(crate) right: usize,
}

/// Where a value lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) slot: Slot,
    /// The value's dimensions, the slowest-moving first.
    pub(crate) order: Vec<usize>,
    /// Only of images, channels last.
    pub(crate) halo: Halo,
}

/// The sizes of images: (N, C, H, W), or (N, C, L) as images one pixel high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageShape {
    pub(crate) n: usize,
    pub(crate) c: usize,
    pub(crate) h: usize,
    pub(crate) w: usize,
}

impl ImageShape {
    /// Reads a shape of three or four dimensions.
    pub(crate) fn of(shape: &[usize]) -> Option<Self> {
        match *shape {
            [n, c, w] => Some(Self { n, c, h: 1, w }),
            [n, c, h, w] => Some(Self { n, c, h, w }),
            _ => None,
        }
    }
}

impl Halo {
    pub(crate) const NONE: Self = Self { top: 0, left: 0, bottom: 0, right: 0 };

    /// Whether a border is at least as wide as this one.
    pub(crate) fn fits(&self, border: &Self) -> bool {
        self.union(*border) == *border
    }

    fn union(self, other: Self) -> Self {
        Self {
            top: self.top.max(other.top),
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.max(other.right),
        }
    }

    /// Height and width of an image with its border.
    pub(crate) fn around(&self, image: &ImageShape) -> (usize, usize) {
        (image.h + self.top + self.bottom, image.w + self.left + self.right)
    }

    /// Elements of images of this shape with their borders.
    pub(crate) fn count(&self, shape: &[usize]) -> usize {
        let Some(image) = ImageShape::of(shape) else { return shape.iter().product() };
        let (h, w) = self.around(&image);
        [image.c, h, w].into_iter().fold(image.n, usize::saturating_mul)
    }
}

impl Placed {
    /// The stride of each of the value's own dimensions, and where its first element stands.
    pub(crate) fn strides(&self, shape: &[usize]) -> (Vec<isize>, usize) {
        let mut sizes: Vec<usize> = self.order.iter().map(|d| shape[*d]).collect();
        let mut start = 0;
        if self.halo != Halo::NONE
            && let Some(image) = ImageShape::of(shape)
        {
            let (h, w) = self.halo.around(&image);
            let rank = sizes.len();
            sizes[rank - 2] = w;
            if rank == 4 {
                sizes[1] = h;
            }
            start = (self.halo.top * w + self.halo.left) * image.c;
        }
        let mut strides = vec![0; shape.len()];
        for (d, stride) in self.order.iter().zip(contiguous_strides(&sizes)) {
            strides[*d] = stride;
        }
        (strides, start)
    }
}

/// Strides of a tensor without gaps.
pub(crate) fn contiguous_strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1_isize; shape.len()];
    for d in (1..shape.len()).rev() {
        strides[d - 1] = strides[d].saturating_mul(shape[d] as isize);
    }
    strides
}

/// (N, spatial, C).
pub(crate) fn channels_last(rank: usize) -> Vec<usize> {
    [0].into_iter().chain(2..rank).chain([1]).collect()
}

/// Whether two orders are one in memory: dimensions of one element do not count.
pub(crate) fn same_order(shape: &[usize], a: &[usize], b: &[usize]) -> bool {
    let significant = |order: &[usize]| order.iter().copied().filter(|d| shape[*d] != 1).collect::<Vec<_>>();
    significant(a) == significant(b)
}

/// The border that each value should have: what its consumers pad with, where its maker can leave one and all consumers
/// can read around it.
pub(crate) fn halos(ir: &Ir) -> Vec<Halo> {
    let mut wanted = vec![Some(Halo::NONE); ir.values.len()];
    ir.outputs.iter().for_each(|id| wanted[id.0] = None);
    for node in &ir.nodes {
        for (position, id) in node.inputs.iter().enumerate() {
            let halo = reads_with(&node.op, position, node.inputs.len());
            wanted[id.0] = wanted[id.0].zip(halo).map(|(a, b)| a.union(b));
        }
    }
    let mut halos = vec![Halo::NONE; ir.values.len()];
    for node in &ir.nodes {
        let ValueId(output) = node.output;
        let leaves_border = match &node.op {
            Op::Conv(_) | Op::QConv(_) | Op::Separable(_) | Op::Pool(_) | Op::QPool(_) => true,
            Op::Quantize(scale) => scale.axis.is_none(),
            _ => false,
        };
        if leaves_border {
            halos[output] = wanted[output].unwrap_or_default();
        }
    }
    halos
}

/// The padding that a node reads of an input; `None` where it needs the input without border.
fn reads_with(op: &Op, position: usize, inputs: usize) -> Option<Halo> {
    let (conv, residual) = match op {
        Op::Conv(conv) => (conv, conv.residual),
        Op::QConv(q) => (&q.conv, q.conv.residual),
        Op::Separable(separable) => (&separable.depthwise, separable.pointwise.residual),
        Op::Pool(_) | Op::QPool(_) => return Some(Halo::NONE),
        _ => return None,
    };
    if residual && position + 1 == inputs {
        return Some(Halo::NONE);
    }
    let [(top, bottom), (left, right)] = conv.pads;
    (position == 0).then_some(Halo { top, left, bottom, right })
}
