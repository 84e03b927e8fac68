//! QuantizeLinear and DequantizeLinear with a scale for each block of elements along an axis: blocks become the rows of a
//! matrix, which may have a scale each.

use super::plain;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::Fault;
use crate::model::{Attribute, Node};
use crate::rules;

/// The dimension of a value that is cut into blocks, and what lies around it.
struct Blocks {
    shape: Vec<usize>,
    axis: usize,
    /// Elements of a block.
    each: usize,
}

impl Blocks {
    fn read(node: &Node, builder: &Builder) -> Result<Self, Fault> {
        let x = builder.fact(node.input(0).unwrap_or_default())?;
        if x.rows().is_some() {
            return Err(Fault::Mixes("it has scales for each row".to_owned()));
        }
        let shape = x.shape.iter().map(|extent| extent.size()).collect::<Result<Vec<_>, _>>()?;
        let axis = rules::axis(node.int("axis", 1), shape.len())?;
        let each = usize::try_from(node.int("block_size", 0)).ok().filter(|each| *each > 0);
        let each = each.filter(|each| shape[axis].is_multiple_of(*each));
        let each =
            each.ok_or_else(|| format!("its blocks do not divide the {} elements along axis {axis}", shape[axis]))?;
        Ok(Self { shape, axis, each })
    }

    /// How many there are along the axis.
    fn count(&self) -> usize {
        self.shape[self.axis] / self.each
    }

    /// The shape that scales must have.
    fn of_scales(&self) -> Vec<usize> {
        let mut shape = self.shape.clone();
        shape[self.axis] = self.count();
        shape
    }

    /// The order of dimensions, blocks and elements apart, with the elements last.
    fn elements_last(&self) -> Vec<usize> {
        let place = self.axis + 1;
        (0..=self.shape.len()).filter(|d| *d != place).chain([place]).collect()
    }
}

/// Reads a node whose `block_size` is not zero.
pub(super) fn blocked(node: &Node, builder: &mut Builder) -> Result<(), Fault> {
    let blocks = Blocks::read(node, builder)?;
    let mut lists = Vec::new();
    for position in 1..node.inputs.len() {
        let list = builder.constant(&node.inputs[position]).filter(|list| list.shape == blocks.of_scales());
        let list = list.ok_or_else(|| {
            format!("its scale and zero point must be constants of shape {:?}, one for each block", blocks.of_scales())
        })?;
        lists.push(Constant { shape: vec![list.elements()], ..list.clone() });
    }
    let known = builder.constant(&node.inputs[0]).filter(|_| node.op == "DequantizeLinear");
    if let Some(values) = known.and_then(|x| dequantized(&blocks, x, &lists)) {
        builder.define_constant(node.output(), values);
        return Ok(());
    }
    let rows = lists.first().ok_or("its scale is missing")?.elements();
    let order = blocks.elements_last();
    let apart =
        [&blocks.shape[..blocks.axis], &[blocks.count(), blocks.each], &blocks.shape[blocks.axis + 1..]].concat();
    let turned: Vec<usize> = order.iter().map(|d| apart[*d]).collect();
    let back: Vec<usize> = (0..order.len()).map(|d| order.iter().position(|o| *o == d).unwrap_or(d)).collect();

    let mut steps = Steps { node, number: 0, builder };
    let x = steps.reshape(&node.inputs[0], &apart, None)?;
    let x = steps.transpose(&x, &order)?;
    let x = steps.reshape(&x, &[rows, blocks.each], None)?;
    let x = steps.by_row(&x, lists)?;
    let x = steps.reshape(&x, &turned, None)?;
    let x = steps.transpose(&x, &back)?;
    steps.reshape(&x, &blocks.shape, Some(node.output())).map(|_| ())
}

/// Weights in blocks, computed now: `(x - zero point) * scale`.
fn dequantized(blocks: &Blocks, x: &Constant, lists: &[Constant]) -> Option<Constant> {
    let (values, scales) = (x.to_i64()?, lists.first()?.to_f32()?);
    let zeros = lists.get(1).map_or(Some(vec![0; scales.len()]), Constant::to_i64)?;
    let (size, inner) = (blocks.shape[blocks.axis], blocks.shape[blocks.axis + 1..].iter().product::<usize>());
    let dequantize = |(i, value): (usize, &i64)| {
        let (outer, along, within) = (i / inner / size, i / inner % size, i % inner);
        let block = (outer * blocks.count() + along / blocks.each) * inner + within;
        (value - zeros[block]) as f32 * scales[block]
    };
    let made: Vec<f32> = values.iter().enumerate().map(dequantize).collect();
    Some(Constant::f32(&blocks.shape, &made))
}

/// Nodes that stand for one, named after it and numbered.
struct Steps<'a> {
    node: &'a Node,
    number: usize,
    builder: &'a mut Builder,
}

impl Steps<'_> {
    fn emit(
        &mut self,
        op: &str,
        inputs: &[&str],
        attribute: Option<(&str, Attribute)>,
        output: Option<&str>,
    ) -> Result<String, Fault> {
        self.number += 1;
        let name = self.builder.fresh(&format!("{}.{}", self.node.name, self.number));
        let output = output.unwrap_or(&name);
        let node = Node::new(&name, op, inputs, output);
        let node = attribute.into_iter().fold(node, |node, (name, value)| node.with(name, value));
        self.builder.emit(node)?;
        Ok(output.to_owned())
    }

    fn reshape(&mut self, x: &str, shape: &[usize], output: Option<&str>) -> Result<String, Fault> {
        let target: Vec<i64> = shape.iter().map(|size| *size as i64).collect();
        let target = self.builder.add_constant(&format!("{}.shape", self.node.name), Constant::list(&target));
        self.emit("Reshape", &[x, &target], None, output)
    }

    fn transpose(&mut self, x: &str, order: &[usize]) -> Result<String, Fault> {
        if order.is_sorted() {
            return Ok(x.to_owned());
        }
        let order = order.iter().map(|d| *d as i64).collect();
        self.emit("Transpose", &[x], Some(("perm", Attribute::Ints(order))), None)
    }

    /// The node itself, on a matrix whose rows are blocks.
    fn by_row(&mut self, x: &str, lists: Vec<Constant>) -> Result<String, Fault> {
        let mut node = plain(self.node, &["block_size", "axis"]).with("axis", Attribute::Int(0));
        node.inputs = vec![x.to_owned()];
        for list in lists {
            node.inputs.push(self.builder.add_constant(&format!("{}.blocks", self.node.name), list));
        }
        let output = self.builder.fresh(&format!("{}.rows", self.node.name));
        node.outputs = vec![output.clone()];
        self.builder.emit(node)?;
        Ok(output)
    }
}
