//! int8 steps: to and from it, convolutions and products within it.

use std::sync::Arc;

use dunlin_kernels::q8::{
    DepthwiseQ8, GemmQ8, GemmQ8ToF32, PackedDepthwiseQ8, PackedQ8, Requantize, Residual, SourceQ8, Window,
};
use dunlin_kernels::vector::{Quantized, add_q8, dequantize, quantize};
use dunlin_kernels::{Grid, Kernels, Place, Taps};

use super::convolution::{Fill, Halves, Part, by_tap, channels_innermost, depthwise_geometry, is_depthwise, padding};
use super::geometry::{Bordered, Geometry, moved, of_conv};
use crate::error::EngineError;
use crate::ir::ops::{self, QAdd, QConv, QMatMul, QResidual, Scale, Separable};
use crate::ir::{Constant, Node, Type, ValueId};
use crate::plan::builder::{Builder, Step};
use crate::plan::memory::{Memory, Slot};
use crate::plan::order::{Halo, ImageShape, contiguous_strides};

/// How far apart the elements of one scale lie: runs of `run` elements, one scale after the other.
#[derive(Clone, Debug)]
struct Scales {
    scale: Arc<[f32]>,
    zero: Arc<[u8]>,
    run: usize,
}

impl Scales {
    /// Each run of elements with its scale and zero point.
    fn runs(&self) -> impl Iterator<Item = (f32, u8)> {
        self.scale.iter().copied().zip(self.zero.iter().copied()).cycle()
    }
}

/// A tensor of one scale may lie in any order; one of many is taken in its own.
fn scales(b: &mut Builder<'_>, node: &Node, scale: &Scale) -> Result<(Slot, Vec<usize>, Scales), EngineError> {
    let shape = &b.value(node.output).shape;
    let (order, run) = match scale.axis {
        Some(axis) => ((0..shape.len()).collect(), contiguous_strides(shape)[axis].unsigned_abs()),
        None => (b.placed(node.inputs[0])?.order, b.value(node.output).count()),
    };
    let from = b.ordered(node.inputs[0], &order)?;
    Ok((from, order, Scales { scale: Arc::clone(&scale.scale), zero: Arc::clone(&scale.zero), run: run.max(1) }))
}

pub(super) fn lower_quantize(b: &mut Builder<'_>, node: &Node, scale: &Scale) -> Result<(), EngineError> {
    if let Some((scale, zero)) = scale.whole()
        && b.can_place_image(node.output, node.inputs[0])?
    {
        let from = b.placed(node.inputs[0])?.slot;
        let (to, images) = b.output_image(node.output, Fill::Byte(zero))?;
        b.push(QuantizeImagesStep { from, to, images, scale, zero }, "quantize", 0, &[from, to]);
        return Ok(());
    }
    let (from, order, scales) = scales(b, node, scale)?;
    let count = b.value(node.output).count();
    let to = b.place_in(node.output, order).slot;
    b.push(QuantizeStep { from, to, scales, count }, "quantize", 0, &[from, to]);
    Ok(())
}

/// Quantises images to where they have the border that a convolution reads around them.
struct QuantizeImagesStep {
    from: Slot,
    to: Slot,
    images: Bordered,
    scale: f32,
    zero: u8,
}

impl Step for QuantizeImagesStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split::<f32, u8, 1>([self.from], self.to);
        let (shape, inner, image) = (self.images.shape, self.images.inner(), self.images.image_elements());
        let line = shape.w * shape.c;
        for (i, x) in x[..shape.n * shape.h * line].chunks_exact(line.max(1)).enumerate() {
            let at = i / shape.h * image + inner.start + i % shape.h * inner.line;
            quantize(kernels, x, self.scale, self.zero, &mut y[at..][..line]);
        }
    }
}

struct QuantizeStep {
    from: Slot,
    to: Slot,
    scales: Scales,
    count: usize,
}

impl Step for QuantizeStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split::<f32, u8, 1>([self.from], self.to);
        let runs = x[..self.count].chunks(self.scales.run).zip(y[..self.count].chunks_mut(self.scales.run));
        for ((x, y), (scale, zero)) in runs.zip(self.scales.runs()) {
            quantize(kernels, x, scale, zero, y);
        }
    }
}

pub(super) fn lower_dequantize(b: &mut Builder<'_>, node: &Node, scale: &Scale) -> Result<(), EngineError> {
    let (from, order, scales) = scales(b, node, scale)?;
    let (count, ty) = (b.value(node.output).count(), b.value(node.inputs[0]).ty);
    let to = b.place_in(node.output, order).slot;
    let is_i32 = ty == Type::I32;
    b.push(DequantizeStep { from, to, scales, count, is_i32 }, "dequantize", 0, &[from, to]);
    Ok(())
}

struct DequantizeStep {
    from: Slot,
    to: Slot,
    scales: Scales,
    count: usize,
    is_i32: bool,
}

impl Step for DequantizeStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let run = self.scales.run;
        if self.is_i32 {
            let ([x], y) = memory.split::<i32, f32, 1>([self.from], self.to);
            let runs = x[..self.count].chunks(run).zip(y[..self.count].chunks_mut(run));
            for ((x, y), (scale, _)) in runs.zip(self.scales.runs()) {
                x.iter().zip(y).for_each(|(x, y)| *y = *x as f32 * scale);
            }
        } else {
            let ([x], y) = memory.split::<u8, f32, 1>([self.from], self.to);
            let runs = x[..self.count].chunks(run).zip(y[..self.count].chunks_mut(run));
            for ((x, y), (scale, zero)) in runs.zip(self.scales.runs()) {
                dequantize(kernels, x, scale, zero, y);
            }
        }
    }
}

/// The i8 weights of a constant, which is stored with 128 added.
fn signed(b: &Builder<'_>, id: ValueId) -> Result<Vec<i8>, EngineError> {
    let value = b.value(id);
    match &value.constant {
        Some(Constant::Bytes(bytes)) if value.ty == Type::I8 => {
            Ok(bytes.iter().map(|q| (q ^ 0x80).cast_signed()).collect())
        }
        _ => Err(b.bad(format!("'{}' must be an I8 initializer", value.name))),
    }
}

fn zero_of(quantized: &ops::Quantized) -> u8 {
    quantized.x.whole().map_or(0, |(_, zero)| zero)
}

pub(super) fn lower_conv(b: &mut Builder<'_>, node: &Node, op: &QConv) -> Result<(), EngineError> {
    let QConv { conv, quantized, residual } = op;
    let (x, w) = (node.inputs[0], node.inputs[1]);
    let shape = b.image_shape(x)?;
    let outputs = b.value(w).shape[0];
    let (x, from) = b.image(x, padding(conv), Fill::Byte(zero_of(quantized)))?;
    let residual_at = match node.inputs.last() {
        Some(id) if conv.residual => Some(b.image(*id, Halo::NONE, Fill::Byte(0))?),
        _ => None,
    };
    let requantize = residual.as_ref().map_or(quantized.requantize, |residual| residual.requantize);
    let (y, to) = b.output_image(node.output, Fill::Byte(requantize.zero))?;
    if is_depthwise(conv, &shape, outputs) {
        let geometry = depthwise_geometry(conv, from, to);
        let weights = pack_depthwise(b, conv.kernel, w, quantized, shape.c)?;
        let macs = geometry.macs(1);
        let step = DepthwiseStep { x, y, geometry, weights, requantize };
        b.push(step, DepthwiseQ8::kernel(b.kernels), macs, &[x, y]);
        return Ok(());
    }
    let geometry = of_conv(conv, shape.c / conv.group, from, to, residual_at.map(|(_, at)| at));
    let runs = (geometry.taps.rows * geometry.taps.cols, geometry.taps.len);
    let groups = pack(b, conv.kernel, conv.group, runs, w, quantized, &shape)?;
    let macs = geometry.macs(outputs / conv.group).saturating_mul(conv.group as u64);
    let residual = residual_at.map(|(slot, _)| slot).zip(residual.clone());
    let touched: Vec<Slot> = [x, y].into_iter().chain(residual.as_ref().map(|(slot, _)| *slot)).collect();
    let step = ConvStep { x, y, residual, requantize, geometry, groups, columns: outputs / conv.group };
    b.push(step, GemmQ8::kernel(b.kernels), macs, &touched);
    Ok(())
}

fn pack(
    b: &Builder<'_>,
    kernel: [usize; 2],
    groups: usize,
    runs: (usize, usize),
    w: ValueId,
    quantized: &ops::Quantized,
    shape: &ImageShape,
) -> Result<Arc<Vec<PackedQ8>>, EngineError> {
    let bytes = |groups: &Vec<PackedQ8>| groups.iter().map(PackedQ8::bytes).sum();
    b.packed(&format!("gemm q8 {}", w.0), bytes, || {
        let (channels, window) = (shape.c / groups, kernel[0] * kernel[1]);
        let (k, n) = (channels * window, b.value(w).shape[0] / groups);
        let weights = channels_innermost(&signed(b, w)?, channels, window);
        let one = |group: usize| {
            let packed = weights.get(group * n * k..).and_then(|weights| {
                let source = SourceQ8 {
                    weights,
                    strides: (1, k),
                    runs,
                    n,
                    zero: zero_of(quantized),
                    bias: quantized.bias.get(group * n..),
                    scale: quantized.multipliers.get(group * n..)?,
                    bias_f32: None,
                };
                PackedQ8::new(b.kernels, &source)
            });
            packed.ok_or_else(|| b.bad("weights are smaller than their shape"))
        };
        (0..groups).map(one).collect()
    })
}

fn pack_depthwise(
    b: &Builder<'_>,
    kernel: [usize; 2],
    w: ValueId,
    quantized: &ops::Quantized,
    channels: usize,
) -> Result<Arc<PackedDepthwiseQ8>, EngineError> {
    b.packed(&format!("depthwise q8 {}", w.0), PackedDepthwiseQ8::bytes, || {
        let window = Window { rows: kernel[0], cols: kernel[1], channels };
        let by_tap = by_tap(&signed(b, w)?, channels);
        let (zero, bias) = (zero_of(quantized), Some(quantized.bias.as_slice()));
        let packed = PackedDepthwiseQ8::new(b.kernels, window, &by_tap, zero, bias, &quantized.multipliers);
        packed.ok_or_else(|| b.bad("weights are smaller than their shape"))
    })
}

/// A convolution as a matrix product, group by group.
struct ConvStep {
    x: Slot,
    y: Slot,
    residual: Option<(Slot, QResidual)>,
    requantize: Requantize,
    geometry: Geometry,
    groups: Arc<Vec<PackedQ8>>,
    columns: usize,
}

impl Step for ConvStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let Geometry { grid, from, taps, to, residual, images, image } = self.geometry;
        let r = self.residual.as_ref().map_or(self.x, |(slot, _)| *slot);
        let ([x, r], y) = memory.split::<u8, u8, 2>([self.x, r], self.y);
        for i in 0..images {
            for (group, weights) in self.groups.iter().enumerate() {
                let columns = group * self.columns;
                let from = moved(from, i * image[0] + group * taps.len);
                let to = moved(to, i * image[1] + columns);
                let added = self.residual.as_ref();
                let added = added.map(|(_, how)| residual_of(how, r, moved(residual, i * image[2] + columns)));
                GemmQ8 { grid, from, taps, to, requantize: self.requantize }.run(kernels, x, weights, added, y);
            }
        }
    }
}

fn residual_of<'a>(how: &QResidual, values: &'a [u8], at: Place) -> Residual<'a> {
    let (product_scale, scale) = how.scales;
    Residual { values, at, product: how.product, product_scale, zero: how.zero, scale }
}

struct DepthwiseStep {
    x: Slot,
    y: Slot,
    geometry: Geometry,
    weights: Arc<PackedDepthwiseQ8>,
    requantize: Requantize,
}

impl Step for DepthwiseStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let Geometry { grid, from, taps, to, images, image, .. } = self.geometry;
        let ([x], y) = memory.split::<u8, u8, 1>([self.x], self.y);
        for i in 0..images {
            let (from, to) = (moved(from, i * image[0]), moved(to, i * image[1]));
            DepthwiseQ8 { grid, from, taps, to, requantize: self.requantize }.run(kernels, x, &self.weights, y);
        }
    }
}

/// Depthwise and pointwise in one, line by line.
pub(super) fn lower_separable(b: &mut Builder<'_>, node: &Node, op: &Separable) -> Result<(), EngineError> {
    let Some([first, second]) = &op.quantized else { return Err(b.unexpected(&node.op)) };
    let [x, dw, pw] = node.inputs[..] else { return Err(b.unexpected(&node.op)) };
    let shape = b.image_shape(x)?;
    let (x, from) = b.image(x, padding(&op.depthwise), Fill::Byte(zero_of(first)))?;
    let (y, to) = b.output_image(node.output, Fill::Byte(second.requantize.zero))?;
    let halves = Halves::of(op, from, to, None, 1);
    let between = b.scratch_for(Type::U8, halves.between_elements());
    let taps = halves.second.taps;
    let packed_first = pack_depthwise(b, op.depthwise.kernel, dw, first, shape.c)?;
    let packed_second = pack(b, [1, 1], 1, (taps.rows * taps.cols, taps.len), pw, second, &shape)?;
    let macs = halves.first.macs(1).saturating_add(halves.second.macs(to.shape.c));
    let requantize = [first.requantize, second.requantize];
    let step = SeparableStep { x, between, y, requantize, halves, first: packed_first, second: packed_second };
    let kernel = format!("{}+{}", DepthwiseQ8::kernel(b.kernels), GemmQ8::kernel(b.kernels));
    b.push(step, &kernel, macs, &[x, y, between]);
    Ok(())
}

struct SeparableStep {
    x: Slot,
    between: Slot,
    y: Slot,
    requantize: [Requantize; 2],
    halves: Halves,
    first: Arc<PackedDepthwiseQ8>,
    second: Arc<Vec<PackedQ8>>,
}

impl Step for SeparableStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let Halves { first, second, .. } = &self.halves;
        let ([x], between, y) = memory.split_with::<u8, u8, u8, 1>([self.x], self.between, self.y);
        for Part { grid, from, to, .. } in self.halves.parts() {
            let depthwise = DepthwiseQ8 { grid, from, taps: first.taps, to: first.to, requantize: self.requantize[0] };
            depthwise.run(kernels, x, &self.first, between);
            let gemm = GemmQ8 { grid, from: second.from, taps: second.taps, to, requantize: self.requantize[1] };
            self.second.iter().for_each(|weights| gemm.run(kernels, between, weights, None, y));
        }
    }
}

pub(super) fn lower_matmul(b: &mut Builder<'_>, node: &Node, op: &QMatMul) -> Result<(), EngineError> {
    let shape = &b.value(node.inputs[0]).shape;
    let k = shape.last().copied().unwrap_or(1);
    let m = b.value(node.inputs[0]).count().checked_div(k).unwrap_or(0);
    let w = &b.value(node.inputs[1]).shape;
    let (n, strides) = if op.transpose_b { (w[0], (1, k)) } else { (w[1], (w[1], 1)) };
    let from = b.plain(node.inputs[0])?;
    let quantized = &op.quantized;
    let weights = b.packed("gemm q8", PackedQ8::bytes, || {
        let source = SourceQ8 {
            weights: &signed(b, node.inputs[1])?,
            strides,
            runs: (1, k),
            n,
            zero: zero_of(quantized),
            bias: Some(&quantized.bias),
            scale: &quantized.multipliers,
            bias_f32: op.to_f32.as_deref(),
        };
        PackedQ8::new(b.kernels, &source).ok_or_else(|| b.bad("weights are smaller than their shape"))
    })?;
    let to = b.place(node.output);
    let (grid, taps) = (Grid { lines: 1, pixels: m }, Taps::row(k));
    let (a, c) = (Place { start: 0, line: 0, pixel: k }, Place { start: 0, line: 0, pixel: n });
    let macs = [m, k, n].iter().fold(1, |product: u64, size| product.saturating_mul(*size as u64));
    if op.to_f32.is_some() {
        let gemm = GemmQ8ToF32 { grid, from: a, taps, to: c, clamp: op.clamp };
        b.push(ToF32Step { from, to, gemm, weights }, GemmQ8ToF32::kernel(b.kernels), macs, &[from, to]);
    } else {
        let gemm = GemmQ8 { grid, from: a, taps, to: c, requantize: quantized.requantize };
        b.push(ProductStep { from, to, gemm, weights }, GemmQ8::kernel(b.kernels), macs, &[from, to]);
    }
    Ok(())
}

struct ProductStep {
    from: Slot,
    to: Slot,
    gemm: GemmQ8,
    weights: Arc<PackedQ8>,
}

impl Step for ProductStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split::<u8, u8, 1>([self.from], self.to);
        self.gemm.run(kernels, x, &self.weights, None, y);
    }
}

struct ToF32Step {
    from: Slot,
    to: Slot,
    gemm: GemmQ8ToF32,
    weights: Arc<PackedQ8>,
}

impl Step for ToF32Step {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split::<u8, f32, 1>([self.from], self.to);
        self.gemm.run(kernels, x, &self.weights, None, y);
    }
}

pub(super) fn lower_add(b: &mut Builder<'_>, node: &Node, op: &QAdd) -> Result<(), EngineError> {
    let order = super::elementwise::common_order(b, node)?;
    let (x, y) = (b.ordered(node.inputs[0], &order)?, b.ordered(node.inputs[1], &order)?);
    let count = b.value(node.output).count();
    let to = b.place_in(node.output, order).slot;
    b.push(AddStep { a: x, b: y, to, op: op.clone(), count }, "add_q8", 0, &[x, y, to]);
    Ok(())
}

struct AddStep {
    a: Slot,
    b: Slot,
    to: Slot,
    op: QAdd,
    count: usize,
}

impl Step for AddStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([a, b], y) = memory.split::<u8, u8, 2>([self.a, self.b], self.to);
        let a = Quantized { values: &a[..self.count], zero: self.op.a.1, scale: self.op.a.0 };
        let b = Quantized { values: &b[..self.count], zero: self.op.b.1, scale: self.op.b.0 };
        add_q8(kernels, a, b, self.op.requantize, &mut y[..self.count]);
    }
}
