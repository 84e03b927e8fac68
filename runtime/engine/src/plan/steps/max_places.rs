//! Where the greatest element of each window stands: the second output of MaxPool, which no kernel is worth.

use dunlin_kernels::Kernels;

use crate::error::EngineError;
use crate::ir::Node;
use crate::ir::ops::Pool;
use crate::plan::builder::{Builder, Step};
use crate::plan::memory::{Memory, Slot};
use crate::plan::order::ImageShape;

pub(super) fn lower(b: &mut Builder<'_>, node: &Node, pool: &Pool, column_major: bool) -> Result<(), EngineError> {
    let images = [node.inputs[0], node.output].map(|id| ImageShape::of(&b.value(id).shape));
    let [Some(from), Some(to)] = images else { return Err(b.bad("must have one or two spatial dimensions")) };
    let x = b.plain(node.inputs[0])?;
    let y = b.place(node.output);
    b.push(PlacesStep { x, y, from, to, pool: pool.clone(), column_major }, "places", 0, &[x, y]);
    Ok(())
}

struct PlacesStep {
    x: Slot,
    y: Slot,
    from: ImageShape,
    to: ImageShape,
    pool: Pool,
    column_major: bool,
}

impl Step for PlacesStep {
    fn run(&self, _kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split::<f32, i64, 1>([self.x], self.y);
        let (size, windows) = (self.from.h * self.from.w, self.to.h * self.to.w);
        let images = x.chunks_exact(size).zip(y.chunks_exact_mut(windows)).take(self.from.n * self.from.c);
        for (number, (image, places)) in images.enumerate() {
            for (window, place) in places.iter_mut().enumerate() {
                let within = self.greatest(image, [window / self.to.w, window % self.to.w]);
                *place = within.map_or(-1, |within| (number * size + within) as i64);
            }
        }
    }
}

impl PlacesStep {
    /// The first greatest element of a window in an image, NaN above all; `None` where it sees padding only.
    fn greatest(&self, image: &[f32], window: [usize; 2]) -> Option<usize> {
        let mut best: Option<(f32, usize)> = None;
        for row in self.along(0, window[0], self.from.h) {
            for column in self.along(1, window[1], self.from.w) {
                let value = image[row * self.from.w + column];
                let is_greater = |(so_far, _): (f32, usize)| value > so_far || (value.is_nan() && !so_far.is_nan());
                if best.is_none_or(is_greater) {
                    let place = if self.column_major { column * self.from.h + row } else { row * self.from.w + column };
                    best = Some((value, place));
                }
            }
        }
        best.map(|(_, place)| place)
    }

    /// The positions inside the image that a window takes along one dimension.
    fn along(&self, d: usize, window: usize, size: usize) -> impl Iterator<Item = usize> + use<> {
        let (start, step, before) = (window * self.pool.strides[d], self.pool.dilations[d], self.pool.pads[d]);
        let taken = (0..self.pool.kernel[d]).map(move |i| (start + i * step).checked_sub(before));
        taken.flatten().filter(move |position| *position < size)
    }
}
