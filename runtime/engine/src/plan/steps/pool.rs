//! Pools, in f32 and in int8.
use crate::error::EngineError;
use crate::ir::Node;
use crate::ir::ops::{Pool, PoolKind, QPool};
use crate::plan::builder::{Builder, Step};
use crate::plan::memory::{Memory, Slot};
use crate::plan::order::{ImageShape, channels_last};
use dunlin_kernels::Kernels;

pub(super) fn lower(b: &mut Builder<'_>, node: &Node, pool: &Pool) -> Result<(), EngineError> {
    let last = channels_last(b.value(node.inputs[0]).shape.len());
    let (x, shape) = (b.ordered(node.inputs[0], &last)?, b.image_shape(node.inputs[0])?);
    let out = b.image_shape(node.output)?;
    let y = b.place_in(node.output, last).slot;
    b.push(PoolStep { x, y, pool: pool.clone(), shape, out }, "pool", 0, &[x, y]);
    Ok(())
}
struct PoolStep {
    x: Slot,
    y: Slot,
    pool: Pool,
    shape: ImageShape,
    out: ImageShape,
}
impl Step for PoolStep {
    fn run(&self, _k: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split::<f32, f32, 1>([self.x], self.y);
        let (s, o, p) = (self.shape, self.out, &self.pool);
        for n in 0..s.n {
            for oy in 0..o.h {
                for ox in 0..o.w {
                    for c in 0..s.c {
                        let (mut sum, mut count, mut max) = (0.0f32, 0usize, f32::NEG_INFINITY);
                        for ky in 0..p.kernel[0] {
                            for kx in 0..p.kernel[1] {
                                let iy = (oy * p.strides[0] + ky * p.dilations[0]) as isize - p.pads[0] as isize;
                                let ix = (ox * p.strides[1] + kx * p.dilations[1]) as isize - p.pads[1] as isize;
                                let inside = iy >= 0 && ix >= 0 && (iy as usize) < s.h && (ix as usize) < s.w;
                                if inside {
                                    let v = x[((n * s.h + iy as usize) * s.w + ix as usize) * s.c + c];
                                    sum += v;
                                    max = max.max(v);
                                }
                                let padded = (iy as isize) < (s.h + p.pads_after[0]) as isize
                                    && (ix as isize) < (s.w + p.pads_after[1]) as isize;
                                if inside || (p.kind == PoolKind::Average { include_pad: true } && padded) {
                                    count += 1;
                                }
                            }
                        }
                        y[((n * o.h + oy) * o.w + ox) * s.c + c] =
                            if p.kind == PoolKind::Max { max } else { sum / count as f32 };
                    }
                }
            }
        }
    }
}
pub(super) fn lower_quantized(b: &mut Builder<'_>, node: &Node, op: &QPool) -> Result<(), EngineError> {
    let last = channels_last(b.value(node.inputs[0]).shape.len());
    let (x, shape) = (b.ordered(node.inputs[0], &last)?, b.image_shape(node.inputs[0])?);
    let out = b.image_shape(node.output)?;
    let y = b.place_in(node.output, last).slot;
    b.push(QPoolStep { x, y, op: op.clone(), shape, out }, "pool", 0, &[x, y]);
    Ok(())
}
struct QPoolStep {
    x: Slot,
    y: Slot,
    op: QPool,
    shape: ImageShape,
    out: ImageShape,
}
impl Step for QPoolStep {
    fn run(&self, _k: &Kernels, memory: &mut Memory<'_>) {
        let ([x], y) = memory.split::<u8, u8, 1>([self.x], self.y);
        let (s, o, p) = (self.shape, self.out, &self.op.pool);
        for n in 0..s.n {
            for oy in 0..o.h {
                for ox in 0..o.w {
                    for c in 0..s.c {
                        let (mut sum, mut count) = (0.0f32, 0usize);
                        for ky in 0..p.kernel[0] {
                            for kx in 0..p.kernel[1] {
                                let iy = (oy * p.strides[0] + ky * p.dilations[0]) as isize - p.pads[0] as isize;
                                let ix = (ox * p.strides[1] + kx * p.dilations[1]) as isize - p.pads[1] as isize;
                                let inside = iy >= 0 && ix >= 0 && (iy as usize) < s.h && (ix as usize) < s.w;
                                if inside {
                                    sum += x[((n * s.h + iy as usize) * s.w + ix as usize) * s.c + c] as f32
                                        - self.op.x.1 as f32;
                                }
                                let padded = (iy as isize) < (s.h + p.pads_after[0]) as isize
                                    && (ix as isize) < (s.w + p.pads_after[1]) as isize;
                                if inside || (p.kind == PoolKind::Average { include_pad: true } && padded) {
                                    count += 1;
                                }
                            }
                        }
                        y[((n * o.h + oy) * o.w + ox) * s.c + c] =
                            self.op.requantize.apply(sum / count as f32 * self.op.x.0);
                    }
                }
            }
        }
    }
}
