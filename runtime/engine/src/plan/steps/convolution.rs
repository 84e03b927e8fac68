//! f32 convolutions: as matrix products, depthwise, and both in one, line by line.

use std::sync::Arc;

use dunlin_kernels::vector::fill_border;
use dunlin_kernels::{
    DepthwiseF32, GemmF32, Grid, Kernels, PackedDepthwiseF32, PackedF32, Place, Plain, vector::Border,
};

use super::geometry::{Bordered, Geometry, moved, of_conv, of_lines};
use super::movement::CopyStep;
use crate::error::EngineError;
use crate::ir::ops::{Conv, Separable};
use crate::ir::{Node, Type, ValueId};
use crate::plan::builder::{Builder, Step};
use crate::plan::memory::{Memory, Slot};
use crate::plan::order::{Halo, ImageShape, Placed, channels_last};

/// The bytes of pixels that a separable convolution keeps between its halves: a usual L1 cache. Fewer are no faster where
/// it is smaller, since the next cache is near, and cost calls.
const LINES_BYTES: usize = 32 << 10;

/// Whether each channel is convolved by itself, to one channel.
pub(super) fn is_depthwise(conv: &Conv, shape: &ImageShape, outputs: usize) -> bool {
    conv.group == shape.c && outputs == shape.c && shape.c > 1 && !conv.residual
}

impl Builder<'_> {
    pub(super) fn image_shape(&self, id: ValueId) -> Result<ImageShape, EngineError> {
        ImageShape::of(&self.value(id).shape).ok_or_else(|| self.bad("takes images"))
    }

    /// Images channels last with at least this border, whose elements are `fill`.
    pub(super) fn image(&mut self, id: ValueId, needed: Halo, fill: Fill) -> Result<(Slot, Bordered), EngineError> {
        let shape = self.image_shape(id)?;
        let value = self.value(id);
        let placed = self.placed(id)?;
        let last = channels_last(value.shape.len());
        if needed.fits(&placed.halo) && placed.halo != Halo::NONE {
            return Ok((placed.slot, Bordered { shape, halo: placed.halo }));
        }
        if needed == Halo::NONE {
            return Ok((self.ordered(id, &last)?, Bordered { shape, halo: Halo::NONE }));
        }
        let to = self.scratch_for(value.ty, needed.count(&value.shape));
        let bordered = Bordered { shape, halo: needed };
        self.border(to, bordered, fill);
        let target = Placed { slot: to, order: last.clone(), halo: needed };
        let (strides, start) = placed.strides(&value.shape);
        let (to_strides, to_start) = target.strides(&value.shape);
        let step = CopyStep {
            from: placed.slot,
            start,
            strides: last.iter().map(|d| strides[*d]).collect(),
            to,
            to_start,
            to_strides: last.iter().map(|d| to_strides[*d]).collect(),
            size: value.ty.size_bytes(),
            shape: last.iter().map(|d| value.shape[*d]).collect(),
        };
        self.push(step, "copy", 0, &[placed.slot, to]);
        Ok((to, bordered))
    }

    /// Adds the step that writes a border, where there is one.
    pub(super) fn border(&mut self, slot: Slot, images: Bordered, fill: Fill) {
        if images.halo != Halo::NONE {
            self.push(BorderStep { slot, images, fill }, "border", 0, &[slot]);
        }
    }

    /// A slot for a node's images, their border written.
    pub(super) fn output_image(&mut self, id: ValueId, fill: Fill) -> Result<(Slot, Bordered), EngineError> {
        let shape = self.image_shape(id)?;
        let placed = self.place_image(id);
        let images = Bordered { shape, halo: placed.halo };
        self.border(placed.slot, images, fill);
        Ok((placed.slot, images))
    }
}

/// What a border is filled with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fill {
    F32(f32),
    Byte(u8),
}

/// Fills the border of images.
struct BorderStep {
    slot: Slot,
    images: Bordered,
    fill: Fill,
}

impl Step for BorderStep {
    fn run(&self, _kernels: &Kernels, memory: &mut Memory<'_>) {
        match self.fill {
            Fill::F32(value) => self.fill(memory.write::<f32>(self.slot), value),
            Fill::Byte(value) => self.fill(memory.write::<u8>(self.slot), value),
        }
    }
}

impl BorderStep {
    fn fill<T: Plain>(&self, images: &mut [T], value: T) {
        let (shape, halo) = (self.images.shape, self.images.halo);
        let border = Border { top: halo.top, left: halo.left, bottom: halo.bottom, right: halo.right };
        let (h, w) = halo.around(&shape);
        let image = h * w * shape.c;
        for n in 0..shape.n {
            fill_border(&mut images[n * image..][..image], shape.h, shape.w, shape.c, border, value);
        }
    }
}

/// The border that a convolution's padding asks for.
pub(super) fn padding(conv: &Conv) -> Halo {
    let [(top, bottom), (left, right)] = conv.pads;
    Halo { top, left, bottom, right }
}

/// Weights (M, C / group, kernel) as (M, kernel, C / group).
pub(super) fn channels_innermost<T: Copy>(weights: &[T], channels: usize, window: usize) -> Vec<T> {
    let mut moved = Vec::with_capacity(weights.len());
    for filter in weights.chunks_exact((channels * window).max(1)) {
        for tap in 0..window {
            moved.extend((0..channels).map(|c| filter[c * window + tap]));
        }
    }
    moved
}

/// Depthwise weights (channel, tap) as (tap, channel).
pub(super) fn by_tap<T: Copy>(weights: &[T], channels: usize) -> Vec<T> {
    let taps = weights.len().checked_div(channels).unwrap_or(0);
    (0..taps * channels).map(|i| weights[i % channels * taps + i / channels]).collect()
}

pub(super) fn lower(b: &mut Builder<'_>, node: &Node, conv: &Conv) -> Result<(), EngineError> {
    let (x, w) = (node.inputs[0], node.inputs[1]);
    let shape = b.image_shape(x)?;
    let outputs = b.value(w).shape[0];
    if is_depthwise(conv, &shape, outputs) {
        return lower_depthwise(b, node, conv);
    }
    let (x, from) = b.image(x, padding(conv), Fill::F32(0.0))?;
    let residual = match node.inputs.last() {
        Some(id) if conv.residual => Some(b.image(*id, Halo::NONE, Fill::F32(0.0))?),
        _ => None,
    };
    let (y, to) = b.output_image(node.output, Fill::F32(0.0))?;
    let geometry = of_conv(conv, shape.c / conv.group, from, to, residual.map(|(_, at)| at));
    let groups = pack(b, conv, w, bias_of(node, conv, 2), &shape)?;
    let macs = geometry.macs(outputs / conv.group).saturating_mul(conv.group as u64);
    let residual = residual.map(|(slot, _)| slot);
    let step = ConvStep { x, y, residual, clamp: conv.clamp, geometry, groups };
    let touched: Vec<Slot> = [x, y].into_iter().chain(residual).collect();
    b.push(step, GemmF32::kernel(b.kernels), macs, &touched);
    Ok(())
}

/// The bias among a node's inputs; a residual is no bias.
fn bias_of(node: &Node, conv: &Conv, position: usize) -> Option<ValueId> {
    let own = node.inputs.len() - usize::from(conv.residual);
    node.inputs[..own].get(position).copied()
}

fn pack(
    b: &Builder<'_>,
    conv: &Conv,
    w: ValueId,
    bias: Option<ValueId>,
    shape: &ImageShape,
) -> Result<Arc<Vec<PackedF32>>, EngineError> {
    let bytes = |groups: &Vec<PackedF32>| groups.iter().map(PackedF32::bytes).sum();
    b.packed(&format!("gemm {}", w.0), bytes, || {
        let (channels, window) = (shape.c / conv.group, conv.kernel[0] * conv.kernel[1]);
        let (k, n) = (channels * window, b.value(w).shape[0] / conv.group);
        let weights = channels_innermost(&b.floats(w)?, channels, window);
        let bias = bias.map(|bias| b.floats(bias)).transpose()?;
        let one = |group: usize| {
            let bias = bias.as_ref().and_then(|bias| bias.get(group * n..));
            let packed = weights.get(group * n * k..).and_then(|w| PackedF32::new(b.kernels, w, k, n, (1, k), bias));
            packed.ok_or_else(|| b.bad("weights are smaller than their shape"))
        };
        (0..conv.group).map(one).collect()
    })
}

/// A convolution as a matrix product, group by group.
struct ConvStep {
    x: Slot,
    y: Slot,
    residual: Option<Slot>,
    clamp: dunlin_kernels::Clamp,
    geometry: Geometry,
    groups: Arc<Vec<PackedF32>>,
}

impl Step for ConvStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let Geometry { grid, from, taps, to, residual, images, image } = self.geometry;
        let ([x, r], y) = memory.split([self.x, self.residual.unwrap_or(self.x)], self.y);
        for i in 0..images {
            for (group, weights) in self.groups.iter().enumerate() {
                let (x_at, y_at) = (i * image[0] + group * taps.len, i * image[1] + group * weights.columns());
                let r_at = i * image[2] + group * weights.columns();
                let gemm = GemmF32 { grid, from: moved(from, x_at), taps, to: moved(to, y_at), clamp: self.clamp };
                let added = self.residual.map(|_| (r, moved(residual, r_at)));
                gemm.run(kernels, x, weights, added, y);
            }
        }
    }
}

fn lower_depthwise(b: &mut Builder<'_>, node: &Node, conv: &Conv) -> Result<(), EngineError> {
    let shape = b.image_shape(node.inputs[0])?;
    let (x, from) = b.image(node.inputs[0], padding(conv), Fill::F32(0.0))?;
    let (y, to) = b.output_image(node.output, Fill::F32(0.0))?;
    let geometry = depthwise_geometry(conv, from, to);
    let weights = pack_depthwise(b, conv, node.inputs[1], node.inputs.get(2).copied(), &shape)?;
    let macs = geometry.macs(1);
    let step = DepthwiseStep { x, y, clamp: conv.clamp, geometry, weights };
    b.push(step, DepthwiseF32::kernel(b.kernels), macs, &[x, y]);
    Ok(())
}

/// As that of a convolution, with one run for each tap: the channels.
pub(super) fn depthwise_geometry(conv: &Conv, x: Bordered, y: Bordered) -> Geometry {
    let mut geometry = of_conv(conv, 1, x, y, None);
    geometry.taps.len = x.shape.c;
    geometry
}

fn pack_depthwise(
    b: &Builder<'_>,
    conv: &Conv,
    w: ValueId,
    bias: Option<ValueId>,
    shape: &ImageShape,
) -> Result<Arc<PackedDepthwiseF32>, EngineError> {
    b.packed(&format!("depthwise {}", w.0), PackedDepthwiseF32::bytes, || {
        let window = conv.kernel[0] * conv.kernel[1];
        let weights = by_tap(&b.floats(w)?, shape.c);
        let bias = bias.map(|bias| b.floats(bias)).transpose()?;
        let packed = PackedDepthwiseF32::new(b.kernels, &weights, window, shape.c, bias.as_deref());
        packed.ok_or_else(|| b.bad("weights are smaller than their shape"))
    })
}

/// A depthwise convolution.
struct DepthwiseStep {
    x: Slot,
    y: Slot,
    clamp: dunlin_kernels::Clamp,
    geometry: Geometry,
    weights: Arc<PackedDepthwiseF32>,
}

impl Step for DepthwiseStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let Geometry { grid, from, taps, to, images, image, .. } = self.geometry;
        let ([x], y) = memory.split([self.x], self.y);
        for i in 0..images {
            let (from, to) = (moved(from, i * image[0]), moved(to, i * image[1]));
            DepthwiseF32 { grid, from, taps, to, clamp: self.clamp }.run(kernels, x, &self.weights, y);
        }
    }
}

/// A depthwise and a pointwise convolution: what the first makes of some lines is used up by the second while it is hot.
pub(super) fn lower_separable(b: &mut Builder<'_>, node: &Node, separable: &Separable) -> Result<(), EngineError> {
    if separable.quantized.is_some() {
        return super::quantized::lower_separable(b, node, separable);
    }
    let (depthwise, pointwise) = (&separable.depthwise, &separable.pointwise);
    let [x, dw, db, pw, ..] = node.inputs[..] else { return Err(b.unexpected(&node.op)) };
    let shape = b.image_shape(x)?;
    let (x, from) = b.image(x, padding(depthwise), Fill::F32(0.0))?;
    let residual = match node.inputs.last() {
        Some(id) if pointwise.residual => Some(b.image(*id, Halo::NONE, Fill::F32(0.0))?),
        _ => None,
    };
    let (y, to) = b.output_image(node.output, Fill::F32(0.0))?;
    let halves = Halves::of(separable, from, to, residual.map(|(_, at)| at), size_of::<f32>());
    let between = b.scratch_for(Type::F32, halves.between_elements());
    let first = pack_depthwise(b, depthwise, dw, Some(db), &shape)?;
    let second = pack(b, pointwise, pw, bias_of(node, pointwise, 4), &shape)?;
    let macs = halves.first.macs(1).saturating_add(halves.second.macs(to.shape.c));
    let residual = residual.map(|(slot, _)| slot);
    let clamps = [depthwise.clamp, pointwise.clamp];
    let step = SeparableStep { x, between, y, residual, clamps, halves, first, second };
    let touched: Vec<Slot> = [x, y, between].into_iter().chain(residual).collect();
    let kernel = format!("{}+{}", DepthwiseF32::kernel(b.kernels), GemmF32::kernel(b.kernels));
    b.push(step, &kernel, macs, &touched);
    Ok(())
}

/// The geometry of both halves: the first as a whole, the second for one line that starts where lines are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Halves {
    pub(super) first: Geometry,
    pub(super) second: Geometry,
    /// Lines made at a time.
    lines: usize,
}

impl Halves {
    pub(super) fn of(
        separable: &Separable,
        x: Bordered,
        y: Bordered,
        residual: Option<Bordered>,
        element_bytes: usize,
    ) -> Self {
        let between = Bordered { shape: ImageShape { c: x.shape.c, ..y.shape }, halo: Halo::NONE };
        let mut first = of_lines(&separable.depthwise, 1, x, between, None);
        first.taps.len = x.shape.c;
        let second = of_lines(&separable.pointwise, x.shape.c, between, y, residual);
        let line = first.to.line;
        let lines = (LINES_BYTES / (line * element_bytes).max(1)).clamp(1, y.shape.h.max(1));
        Self { first, second, lines }
    }

    pub(super) fn between_elements(&self) -> usize {
        self.lines * self.first.to.line
    }

    /// Every batch of lines: the image, the first line, and the calls for both halves.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part> {
        let Self { first, second, lines } = *self;
        let all_lines = first.grid.lines;
        let starts = move |image| (0..all_lines).step_by(lines).map(move |line| (image, line));
        (0..first.images).flat_map(starts).map(move |(image, line)| {
            let grid = Grid { lines: lines.min(all_lines - line), pixels: first.grid.pixels };
            let at = |place: Place, image_stride: usize| moved(place, image * image_stride + line * place.line);
            Part {
                grid,
                from: at(first.from, first.image[0]),
                to: at(second.to, second.image[1]),
                residual: at(second.residual, second.image[2]),
            }
        })
    }
}

/// Some lines of one image.
pub(super) struct Part {
    pub(super) grid: Grid,
    pub(super) from: Place,
    pub(super) to: Place,
    pub(super) residual: Place,
}

struct SeparableStep {
    x: Slot,
    between: Slot,
    y: Slot,
    residual: Option<Slot>,
    clamps: [dunlin_kernels::Clamp; 2],
    halves: Halves,
    first: Arc<PackedDepthwiseF32>,
    second: Arc<Vec<PackedF32>>,
}

impl Step for SeparableStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let Halves { first, second, .. } = &self.halves;
        for Part { grid, from, to, residual } in self.halves.parts() {
            let ([x], between) = memory.split([self.x], self.between);
            let depthwise = DepthwiseF32 { grid, from, taps: first.taps, to: first.to, clamp: self.clamps[0] };
            depthwise.run(kernels, x, &self.first, between);
            let ([between, r], y) = memory.split([self.between, self.residual.unwrap_or(self.between)], self.y);
            let added = self.residual.map(|_| (r, residual));
            let gemm = GemmF32 { grid, from: second.from, taps: second.taps, to, clamp: self.clamps[1] };
            self.second.iter().for_each(|weights| gemm.run(kernels, between, weights, added, y));
        }
    }
}
