//! Joins operations that one kernel does at once, before there is a plan.

mod activation;
mod bias;
mod qdq;
mod residual;
mod separable;

use dunlin_bundle::Weights;

use crate::error::EngineError;
use crate::ir::{Fold, Ir, Node, Op, ValueId};

/// Fuses all that can be: first what the float graph shows, then what stands between dequantisation and quantisation,
/// then what is left to join of both.
pub(crate) fn fuse(ir: &mut Ir, weights: &Weights, fold: Fold<'_>) -> Result<(), EngineError> {
    bias::fuse(ir, weights);
    activation::fuse(ir);
    qdq::fuse(ir, weights);
    // Weights whose dequantisation nobody took in are floats from here on.
    ir.fold(fold)?;
    bias::fuse(ir, weights);
    residual::fuse(ir);
    activation::fuse(ir);
    separable::fuse(ir);
    ir.drop_unused();
    Ok(())
}

/// What is asked of a graph while it is rewritten.
struct Uses {
    counts: Vec<usize>,
    makers: Vec<Option<usize>>,
}

impl Uses {
    fn of(ir: &Ir) -> Self {
        Self { counts: ir.use_counts(), makers: ir.makers() }
    }

    /// The node that makes a value.
    fn maker<'a>(&self, ir: &'a Ir, id: ValueId) -> Option<&'a Node> {
        self.makers[id.0].map(|i| &ir.nodes[i])
    }

    /// The node that makes a value, where that value has one use alone.
    fn only_maker<'a>(&self, ir: &'a Ir, id: ValueId) -> Option<&'a Node> {
        self.maker(ir, id).filter(|_| self.counts[id.0] == 1)
    }
}

/// Replaces nodes, one by one, by what `rewrite` gives; what a replaced node alone used is left without use, and dropped.
fn rewrite(ir: &mut Ir, rewrite: impl Fn(&mut Ir, &Uses, &Node) -> Option<(Op, Vec<ValueId>)>) {
    let mut i = 0;
    let mut uses = Uses::of(ir);
    while i < ir.nodes.len() {
        let node = ir.nodes[i].clone();
        if let Some((op, inputs)) = rewrite(ir, &uses, &node) {
            let fused = joined(ir, &uses, &node, &inputs);
            ir.nodes[i] = Node { op, inputs, ..fused };
            let before = ir.nodes.len();
            let output = node.output;
            ir.drop_unused();
            // The node has moved up by as many as were dropped before it.
            let at = ir.nodes.iter().position(|n| n.output == output);
            i = at.unwrap_or_else(|| i.saturating_sub(before - ir.nodes.len()));
            uses = Uses::of(ir);
        }
        i += 1;
    }
}

/// The node with the names of those that it takes in, as reports show them.
fn joined(ir: &Ir, uses: &Uses, node: &Node, inputs: &[ValueId]) -> Node {
    let mut fused = node.clone();
    let mut open = node.inputs.clone();
    while let Some(id) = open.pop() {
        if inputs.contains(&id) || uses.counts[id.0] != 1 {
            continue;
        }
        if let Some(maker) = uses.maker(ir, id)
            && !matches!(maker.op, Op::Quantize(_) | Op::Dequantize(_))
        {
            // A node that was read as several operations is named once.
            if maker.name != node.name {
                fused.name = format!("{}+{}", maker.name, fused.name);
                fused.op_type = format!("{}+{}", maker.op_type, fused.op_type);
            }
            open.extend(&maker.inputs);
        } else if let Some(maker) = uses.maker(ir, id) {
            open.extend(&maker.inputs);
        }
    }
    fused
}
