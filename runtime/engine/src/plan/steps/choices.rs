//! Comparisons, truth values, whole numbers, choices and casts: small work that no kernel is worth.

use dunlin_kernels::{Kernels, Plain};

use super::elementwise::{common_order, operand};
use crate::error::EngineError;
use crate::ir::ops::{Comparison, IntegerOp, Logic};
use crate::ir::{Node, Op, Type};
use crate::plan::broadcast::Broadcast;
use crate::plan::builder::{Builder, Step};
use crate::plan::memory::{Memory, Slot};

pub(super) fn lower(b: &mut Builder<'_>, node: &Node) -> Result<(), EngineError> {
    let order = common_order(b, node)?;
    // A missing operand stands for the first again, and is not looked at.
    let second = usize::from(node.inputs.len() > 1);
    let third = if node.inputs.len() > 2 { 2 } else { second };
    let operands = [operand(b, node, 0, &order)?, operand(b, node, second, &order)?, operand(b, node, third, &order)?];
    let [(x, xs), (y, ys), (z, zs)] = operands;
    let value = b.value(node.output);
    let to = b.place_in(node.output, order.clone()).slot;
    let shape: Vec<usize> = order.iter().map(|d| value.shape[*d]).collect();
    let operand_type = b.value(node.inputs[second]).ty;
    let over = Broadcast::new(&shape, [&xs, &ys, &zs]);
    let step = ChoiceStep { operands: [x, y, z], to, op: node.op.clone(), operand_type, ty: value.ty, over };
    b.push(step, "element by element", 0, &[x, y, z, to]);
    Ok(())
}

struct ChoiceStep {
    operands: [Slot; 3],
    to: Slot,
    op: Op,
    /// Type of the operands (of those that are chosen from).
    operand_type: Type,
    ty: Type,
    over: Broadcast<3>,
}

impl Step for ChoiceStep {
    fn run(&self, _kernels: &Kernels, memory: &mut Memory<'_>) {
        match (&self.op, self.operand_type) {
            (Op::Comparison(op), Type::F32) => self.two(memory, |a: f32, b| u8::from(compare(*op, &a, &b))),
            (Op::Comparison(op), Type::I64) => self.two(memory, |a: i64, b| u8::from(compare(*op, &a, &b))),
            (Op::Comparison(op), Type::I32) => self.two(memory, |a: i32, b| u8::from(compare(*op, &a, &b))),
            (Op::Comparison(op), _) => self.two(memory, |a: u8, b| u8::from(compare(*op, &a, &b))),
            (Op::Logic(op), _) => self.two(memory, |a: u8, b: u8| match op {
                Logic::And => a & b,
                Logic::Or => a | b,
                Logic::Not => a ^ 1,
            }),
            (Op::Integer(op), Type::I64) => self.two(memory, |a: i64, b: i64| match op {
                IntegerOp::Add => a.wrapping_add(b),
                IntegerOp::Sub => a.wrapping_sub(b),
                IntegerOp::Mul => a.wrapping_mul(b),
                IntegerOp::Div => a.checked_div(b).unwrap_or(0),
            }),
            (Op::Integer(op), _) => self.two(memory, |a: i32, b: i32| match op {
                IntegerOp::Add => a.wrapping_add(b),
                IntegerOp::Sub => a.wrapping_sub(b),
                IntegerOp::Mul => a.wrapping_mul(b),
                IntegerOp::Div => a.checked_div(b).unwrap_or(0),
            }),
            (Op::Where, _) => self.choose(memory),
            (_, Type::F32) => self.cast(memory, f64::from as fn(f32) -> f64),
            // Whole numbers past 2^53 lose their last digits, as they would in a float.
            (_, Type::I64) => self.cast(memory, |x: i64| x as f64),
            (_, Type::I32) => self.cast(memory, f64::from as fn(i32) -> f64),
            (_, Type::I8) => self.cast(memory, |x: u8| f64::from(x) - 128.0),
            (_, Type::U8 | Type::Bool) => self.cast(memory, f64::from as fn(u8) -> f64),
        }
    }
}

impl ChoiceStep {
    fn two<R: Plain, W: Plain>(&self, memory: &mut Memory<'_>, f: impl Fn(R, R) -> W) {
        let ([a, b], y) = memory.split::<R, W, 2>([self.operands[0], self.operands[1]], self.to);
        self.over.runs(|at, [i, j, _], [a_step, b_step, _]| {
            let run = y[at..][..self.over.inner()].iter_mut().enumerate();
            run.for_each(|(n, y)| *y = f(a[i + n * a_step], b[j + n * b_step]));
        });
    }

    /// Copies each element's bytes from the operand that the condition chooses.
    fn choose(&self, memory: &mut Memory<'_>) {
        let size = self.ty.size_bytes();
        let ([condition, a, b], y) = memory.split::<u8, u8, 3>(self.operands, self.to);
        self.over.runs(|at, [c, i, j], [c_step, a_step, b_step]| {
            for n in 0..self.over.inner() {
                let takes_first = condition[c + n * c_step] != 0;
                let from = if takes_first { &a[(i + n * a_step) * size..] } else { &b[(j + n * b_step) * size..] };
                y[(at + n) * size..][..size].copy_from_slice(&from[..size]);
            }
        });
    }

    fn cast<R: Plain>(&self, memory: &mut Memory<'_>, number: impl Fn(R) -> f64) {
        match self.ty {
            Type::F32 => self.two(memory, |a: R, _| number(a) as f32),
            Type::I64 => self.two(memory, |a: R, _| number(a) as i64),
            Type::I32 => self.two(memory, |a: R, _| number(a) as i32),
            Type::U8 => self.two(memory, |a: R, _| number(a) as u8),
            Type::I8 => self.two(memory, |a: R, _| (number(a) as i8).cast_unsigned() ^ 0x80),
            Type::Bool => self.two(memory, |a: R, _| u8::from(number(a) != 0.0)),
        }
    }
}

fn compare<T: PartialOrd>(op: Comparison, a: &T, b: &T) -> bool {
    match op {
        Comparison::Equal => a == b,
        Comparison::Greater => a > b,
        Comparison::GreaterOrEqual => a >= b,
        Comparison::Less => a < b,
        Comparison::LessOrEqual => a <= b,
    }
}
