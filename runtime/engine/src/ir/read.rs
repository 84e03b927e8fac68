//! Reads a graph for one batch size: names become values, shapes are inferred, what is constant is computed at once.

use std::collections::BTreeMap;

use dunlin_bundle::Weights;
use dunlin_bundle::graph::{self, Dim, Graph};

use super::attributes::Attributes;
use super::ops::{self, Context, Op, Parsed};
use super::{Constant, Ir, Node, Type, Value, ValueId};
use crate::declared::{check_declared, check_opset};
use crate::error::EngineError;
use crate::shape;

/// Computes one node whose inputs are all constants; gives the bytes of its result.
pub(crate) type Fold<'a> = &'a dyn Fn(&Ir) -> Result<Vec<u8>, EngineError>;

/// Reads a graph for a batch of `batch`.
pub(crate) fn read(graph: &Graph, weights: &Weights, batch: usize, fold: Fold<'_>) -> Result<Ir, EngineError> {
    check_opset(graph.opset)?;
    let mut reader = Reader { ir: Ir::default(), by_name: BTreeMap::new(), weights, fold };
    for input in &graph.inputs {
        check_declared(input)?;
        let shape: Vec<usize> = shape::sizes(&input.shape, batch).collect();
        ops::check_shape(&shape).map_err(|reason| EngineError::BadTensor { tensor: input.name.clone(), reason })?;
        let known = shape.contains(&0).then(|| Constant::empty(Type::F32));
        let id = reader.define("graph input", value(&input.name, Type::F32, shape, known))?;
        reader.ir.inputs.push(id);
    }
    for name in &graph.initializers {
        reader.initializer(name)?;
    }
    for node in &graph.nodes {
        reader.node(node)?;
    }
    for output in &graph.outputs {
        check_declared(output)?;
        let id = reader.find("graph output", &output.name)?;
        let found = &reader.ir.values[id.0];
        shape::check_output(output, &found.shape, batch)?;
        if found.ty != Type::F32 {
            let reason = format!("is {:?}; an output must be F32, cast it before", found.ty);
            return Err(EngineError::BadTensor { tensor: output.name.clone(), reason });
        }
        reader.ir.outputs.push(id);
    }
    reader.ir.drop_unused();
    Ok(reader.ir)
}

/// Whether any input has a symbol for its batch: then a run may have any.
pub(crate) fn any_batch(graph: &Graph) -> bool {
    graph.inputs.iter().any(|input| matches!(input.shape.first(), Some(Dim::Symbol(_))))
}

fn value(name: &str, ty: Type, shape: Vec<usize>, constant: Option<Constant>) -> Value {
    Value { name: name.to_owned(), ty, shape, constant }
}

/// A value without elements is known before the run, so no step of a plan ever meets one: what it makes of it is computed
/// at once. Only these ops make something of nothing.
fn check_empty(op: &str, inputs: &[Option<&Value>], made: &[Parsed]) -> Result<(), String> {
    let empty = inputs.iter().flatten().find(|value| value.shape.contains(&0));
    let makes_something = made.iter().any(|parsed| !parsed.shape.contains(&0));
    match empty {
        Some(value) if makes_something && !(op.starts_with("Reduce") || matches!(op, "Concat" | "Pad")) => {
            Err(format!("'{}' {:?} has no elements to work on", value.name, value.shape))
        }
        _ => Ok(()),
    }
}

struct Reader<'a> {
    ir: Ir,
    by_name: BTreeMap<String, ValueId>,
    weights: &'a Weights,
    fold: Fold<'a>,
}

impl Reader<'_> {
    fn define(&mut self, maker: &str, value: Value) -> Result<ValueId, EngineError> {
        let name = value.name.clone();
        let id = self.ir.add(value);
        if self.by_name.insert(name.clone(), id).is_some() {
            return Err(EngineError::DuplicateValue { maker: maker.to_owned(), value: name });
        }
        Ok(id)
    }

    fn find(&self, user: &str, value: &str) -> Result<ValueId, EngineError> {
        let unknown = || EngineError::UnknownValue { user: user.to_owned(), value: value.to_owned() };
        self.by_name.get(value).copied().ok_or_else(unknown)
    }

    fn initializer(&mut self, name: &str) -> Result<(), EngineError> {
        let bad = |reason: String| EngineError::BadTensor { tensor: name.to_owned(), reason };
        let weight = self.weights.get(name);
        let weight = weight.ok_or_else(|| bad("is an initializer, but no weights entry has it".to_owned()))?;
        let (ty, constant) = Constant::read(name, &weight).map_err(bad)?;
        self.define("initializer", value(name, ty, weight.shape.to_vec(), Some(constant)))?;
        Ok(())
    }

    fn node(&mut self, node: &graph::Node) -> Result<(), EngineError> {
        let bad = |reason| EngineError::BadNode { node: node.name.clone(), op: node.op_type.clone(), reason };
        let Some(parse) = ops::find(&node.op_type) else {
            return Err(EngineError::UnsupportedOp { node: node.name.clone(), op: node.op_type.clone() });
        };
        let ids = node
            .inputs
            .iter()
            .map(|name| if name.is_empty() { Ok(None) } else { self.find(&node.name, name).map(Some) });
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        let inputs: Vec<Option<&Value>> = ids.iter().map(|id| id.map(|id| self.ir.value(id))).collect();
        let blocks = |(i, value): &(usize, &Option<&Value>)| {
            value.is_some_and(|value| matches!(value.constant, Some(Constant::Blocks(..))))
                && (node.op_type != "Gemm" || *i != 1)
        };
        if let Some((_, Some(value))) = inputs.iter().enumerate().find(blocks) {
            let use_ = "is held in ggml blocks; it can only be B of a Gemm with transB = 1";
            return Err(bad(format!("initializer '{}' {use_}", value.name)));
        }
        let outputs = node.outputs.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        let attributes = Attributes::new(node);
        let context = Context { op_type: &node.op_type, attributes, inputs: &inputs, outputs, weights: self.weights };
        let parsed = parse(&context).map_err(bad)?;
        context.attributes.finish().map_err(bad)?;
        check_empty(&node.op_type, &inputs, &parsed).map_err(bad)?;
        let made = parsed.iter().filter(|parsed| parsed.output.is_some()).count();
        if outputs == 0 || made < outputs {
            return Err(bad(format!("has {outputs} outputs, makes {made}")));
        }
        let mut results = Vec::new();
        for parsed in parsed {
            let own = match parsed.output {
                Some(output) => node.outputs.get(output).cloned().unwrap_or_default(),
                None => String::new(),
            };
            results.push(self.result(node, parsed, &ids, &results, &own)?);
        }
        Ok(())
    }

    fn result(
        &mut self,
        node: &graph::Node,
        parsed: Parsed,
        ids: &[Option<ValueId>],
        results: &[ValueId],
        name: &str,
    ) -> Result<ValueId, EngineError> {
        let from = |position: usize| match position.checked_sub(Parsed::PREVIOUS) {
            Some(back) => results.iter().rev().nth(back).copied(),
            None => ids[position],
        };
        let mut inputs: Vec<ValueId> = parsed.inputs.iter().filter_map(|position| from(*position)).collect();
        for extra in parsed.extra {
            inputs.push(self.ir.add(extra));
        }
        let output = if name.is_empty() {
            self.ir.add(value(&node.name, parsed.ty, parsed.shape, None))
        } else {
            self.define(&node.name, value(name, parsed.ty, parsed.shape, None))?
        };
        let made = Node { name: node.name.clone(), op_type: node.op_type.clone(), op: parsed.op, inputs, output };
        if self.ir.value(output).shape.contains(&0) {
            self.ir.values[output.0].constant = Some(Constant::empty(self.ir.value(output).ty));
        } else if self.can_fold(&made) {
            let bytes = (self.fold)(&self.ir.alone(&made))?;
            let ty = self.ir.value(output).ty;
            self.ir.values[output.0].constant = Some(Constant::from_bytes(ty, &bytes));
        } else {
            self.ir.nodes.push(made);
        }
        Ok(output)
    }

    /// Weights that are dequantised stay for fusion to see; a bias, in 32 bits, it sees as floats too. Blocks are used as
    /// they are.
    fn can_fold(&self, node: &Node) -> bool {
        let known = |id: &ValueId| {
            self.ir.value(*id).constant.as_ref().is_some_and(|constant| !matches!(constant, Constant::Blocks(..)))
        };
        let is_weights = matches!(node.op, Op::Dequantize(_)) && self.ir.value(node.inputs[0]).ty != Type::I32;
        !is_weights && node.inputs.iter().all(known)
    }
}
