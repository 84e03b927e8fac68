//! Pools, in f32 and in int8.

use dunlin_kernels::Kernels;
use dunlin_kernels::vector::{self, AverageQ8, average_pool_f32, average_pool_q8, max_pool_f32, max_pool_q8};

use super::convolution::Fill;
use super::geometry::{Bordered, moved};
use crate::error::EngineError;
use crate::ir::ops::{Pool, PoolKind, QPool};
use crate::ir::{Node, Type};
use crate::plan::builder::{Builder, Step};
use crate::plan::memory::{Memory, Slot};
use crate::plan::order::Halo;

pub(super) fn lower(b: &mut Builder<'_>, node: &Node, pool: &Pool) -> Result<(), EngineError> {
    // What stands in a border is never looked at; what stands around the result is padding for those who use it.
    let (fill, is_bytes) = match b.value(node.output).ty {
        Type::F32 => (Fill::F32(0.0), false),
        _ => (Fill::Byte(0), true),
    };
    let what = match (pool.kind, is_bytes) {
        (PoolKind::Max, false) => What::Max,
        (PoolKind::Max, true) => What::MaxBytes,
        (PoolKind::Average { include_pad }, _) => What::Average { include_pad },
    };
    push(b, node, pool, what, fill)
}

pub(super) fn lower_quantized(b: &mut Builder<'_>, node: &Node, op: &QPool) -> Result<(), EngineError> {
    let include_pad = op.pool.kind == PoolKind::Average { include_pad: true };
    let (scale, zero) = op.x;
    let average = AverageQ8 { include_pad, zero, scale, requantize: op.requantize };
    push(b, node, &op.pool, What::AverageBytes(average), Fill::Byte(op.requantize.zero))
}

fn push(b: &mut Builder<'_>, node: &Node, pool: &Pool, what: What, fill: Fill) -> Result<(), EngineError> {
    let (x, from) = b.image(node.inputs[0], Halo::NONE, fill)?;
    let (y, to) = b.output_image(node.output, fill)?;
    let kernel = what.kernel();
    b.push(PoolStep { x, y, what, images: [from, to], pool: geometry(pool, from, to) }, kernel, 0, &[x, y]);
    Ok(())
}

fn geometry(pool: &Pool, x: Bordered, y: Bordered) -> vector::Pool {
    vector::Pool {
        input: [x.shape.h, x.shape.w],
        output: [y.shape.h, y.shape.w],
        channels: x.shape.c,
        kernel: pool.kernel,
        strides: pool.strides,
        dilations: pool.dilations,
        pads: pool.pads,
        pads_after: pool.pads_after,
        from: x.inner(),
        to: y.inner(),
    }
}

/// Which pool runs.
enum What {
    Max,
    Average { include_pad: bool },
    MaxBytes,
    AverageBytes(AverageQ8),
}

impl What {
    fn kernel(&self) -> &'static str {
        match self {
            Self::Max => "max_pool_f32",
            Self::Average { .. } => "average_pool_f32",
            Self::MaxBytes => "max_pool_q8",
            Self::AverageBytes(_) => "average_pool_q8",
        }
    }
}

struct PoolStep {
    x: Slot,
    y: Slot,
    what: What,
    images: [Bordered; 2],
    pool: vector::Pool,
}

impl Step for PoolStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let [from, to] = &self.images;
        for image in 0..from.shape.n {
            let pool = vector::Pool {
                from: moved(self.pool.from, image * from.image_elements()),
                to: moved(self.pool.to, image * to.image_elements()),
                ..self.pool
            };
            match &self.what {
                What::Max | What::Average { .. } => {
                    let ([x], y) = memory.split::<f32, f32, 1>([self.x], self.y);
                    match self.what {
                        What::Average { include_pad } => average_pool_f32(kernels, &pool, include_pad, x, y),
                        _ => max_pool_f32(kernels, &pool, x, y),
                    }
                }
                What::MaxBytes => {
                    let ([x], y) = memory.split::<u8, u8, 1>([self.x], self.y);
                    max_pool_q8(kernels, &pool, x, y);
                }
                What::AverageBytes(average) => {
                    let ([x], y) = memory.split::<u8, u8, 1>([self.x], self.y);
                    average_pool_q8(kernels, &pool, average, x, y);
                }
            }
        }
    }
}
