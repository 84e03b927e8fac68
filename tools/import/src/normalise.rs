//! A [`Model`] to nodes of the normalised form, twice at most: first with the batch as a symbol, then, if a node mixes
//! rows, with the batch of the file.

use dunlin_bundle::tensor::{DType, element_count};

use crate::Batch;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::error::ImportError;
use crate::facts::{Extent, Fact, Fault, describe};
use crate::lower::{self, onnx_number};
use crate::model::{Attribute, Input, Model, Node, Size};

/// The nodes of the normalised form and what they start from and end in.
pub(crate) struct Normalised {
    pub(crate) nodes: Vec<Node>,
    pub(crate) constants: std::collections::BTreeMap<String, Constant>,
    /// Inputs of the graph, all f32.
    pub(crate) inputs: Vec<(String, Vec<Extent>)>,
    /// Outputs of the graph, all f32.
    pub(crate) outputs: Vec<Output>,
    pub(crate) batch: Batch,
    pub(crate) notes: Vec<String>,
}

/// An output of the graph.
pub(crate) struct Output {
    pub(crate) name: String,
    /// The value that it gives out.
    pub(crate) value: String,
    pub(crate) shape: Vec<Extent>,
}

/// What stopped a walk through the nodes, and where.
struct Trouble {
    fault: Fault,
    place: Place,
    name: String,
}

enum Place {
    Input,
    /// A node of this op.
    Node(String),
    Output,
}

impl Trouble {
    fn reason(&self) -> String {
        let (Fault::Mixes(reason) | Fault::Wrong(reason)) = &self.fault;
        reason.clone()
    }

    fn into_error(self) -> ImportError {
        let reason = self.reason();
        match self.place {
            Place::Input => ImportError::BadInput { input: self.name, reason },
            Place::Node(op) => ImportError::BadNode { node: self.name, op, reason },
            Place::Output => ImportError::BadOutput { output: self.name, reason },
        }
    }
}

pub(crate) fn normalise(model: &Model) -> Result<Normalised, ImportError> {
    lower::check_supported(model)?;
    let declared = declared_rows(model)?;
    let first = match walk(model, &declared, true) {
        Ok(normalised) => return Ok(normalised),
        Err(trouble) => trouble,
    };
    let mut fixed = walk(model, &declared, false).map_err(Trouble::into_error)?;
    fixed.batch = Batch::Fixed { size: declared.size(), reason: first.reason(), node: first.name };
    Ok(fixed)
}

/// The first dimension of the inputs.
struct Rows {
    /// As the file fixes it.
    fixed: Option<usize>,
}

impl Rows {
    fn size(&self) -> usize {
        self.fixed.unwrap_or(1)
    }
}

/// The batch that all inputs have in common.
fn declared_rows(model: &Model) -> Result<Rows, ImportError> {
    let mut fixed = None;
    for input in &model.inputs {
        let Some(Size::Known(size)) = input.shape.first() else { continue };
        if *size == 0 {
            let reason = "its first dimension, the batch, is zero; export it for one row or any number".to_owned();
            return Err(ImportError::BadInput { input: input.name.clone(), reason });
        }
        if fixed.is_some_and(|fixed| fixed != *size) {
            let reason = format!(
                "its first dimension is {size}, another input's is {}; every input's must be the batch",
                fixed.unwrap_or_default()
            );
            return Err(ImportError::BadInput { input: input.name.clone(), reason });
        }
        fixed = Some(*size);
    }
    Ok(Rows { fixed })
}

fn walk(model: &Model, rows: &Rows, symbolic: bool) -> Result<Normalised, Trouble> {
    let mut builder = Builder::new(model, rows.fixed.filter(|_| symbolic));
    let batch = if symbolic { Extent::Rows(1) } else { Extent::Size(rows.size()) };
    let mut inputs = Vec::with_capacity(model.inputs.len());
    for input in &model.inputs {
        inputs.push(take_input(input, batch, &mut builder)?);
    }
    for node in &model.nodes {
        let lowered = lower::lower(node, model.opset, &mut builder);
        lowered.map_err(|fault| Trouble { fault, place: Place::Node(node.op.clone()), name: node.name.clone() })?;
    }
    let mut outputs: Vec<Output> = Vec::with_capacity(model.outputs.len());
    for name in &model.outputs {
        let output = give_output(name, batch, &mut builder)?;
        if let Some(same) = outputs.iter().find(|other| other.value == output.value) {
            builder.notes.push(format!("output '{name}' is the same as '{}' and is left out", same.name));
            continue;
        }
        outputs.push(output);
    }
    let Builder { nodes, constants, notes, .. } = builder;
    Ok(Normalised { nodes, constants, inputs, outputs, batch: Batch::Any, notes })
}

/// An input as f32, with a cast behind it where the file has whole numbers.
fn take_input(input: &Input, batch: Extent, builder: &mut Builder) -> Result<(String, Vec<Extent>), Trouble> {
    let trouble = |fault: Fault| Trouble { fault, place: Place::Input, name: input.name.clone() };
    let mut shape = vec![batch];
    for size in input.shape.iter().skip(1) {
        match size {
            Size::Known(size) => shape.push(Extent::Size(*size)),
            Size::Symbol(symbol) => {
                let reason = format!(
                    "its dimension '{}' is open, and only the first, the batch, may be; \
                     fix it when exporting, or give it a size",
                    symbol.escape_debug()
                );
                return Err(trouble(Fault::Wrong(reason)));
            }
        }
    }
    let sizes: Vec<usize> = shape.iter().map(|extent| extent.each()).collect();
    if element_count(&sizes).is_none() {
        return Err(trouble(Fault::Wrong("its shape is over the limits of a bundle".to_owned())));
    }
    builder.define(&input.name, Fact::new(DType::F32, shape.clone()));
    if input.dtype != DType::F32 {
        builder.notes.push(format!(
            "input '{}' is {:?} in the file; it takes numbers as f32, which holds whole ones exactly up to 16777216",
            input.name, input.dtype
        ));
        let cast = builder.fresh(&format!("{}.cast", input.name));
        let to = Attribute::Int(onnx_number(input.dtype));
        builder.emit(Node::new(&cast, "Cast", &[&input.name], &cast).with("to", to)).map_err(trouble)?;
        builder.alias(&input.name, &cast);
    }
    Ok((input.name.clone(), shape))
}

/// An output as f32, its first dimension the batch.
fn give_output(name: &str, batch: Extent, builder: &mut Builder) -> Result<Output, Trouble> {
    let trouble = |fault: Fault| Trouble { fault, place: Place::Output, name: name.to_owned() };
    let mut value = builder.resolve(name);
    let fact = builder.fact(&value).map_err(trouble)?.clone();
    if !builder.is_made(&value) {
        return Err(trouble(Fault::Wrong("no node makes it: it is an input or a constant; leave it out".to_owned())));
    }
    let mut shape = fact.shape;
    if shape.first() != Some(&batch) {
        if batch != Extent::Size(1) {
            let reason = format!("its shape {} does not start with the batch", describe(&shape));
            return Err(trouble(Fault::Mixes(reason)));
        }
        value = unsqueezed(&value, builder).map_err(trouble)?;
        builder.notes.push(format!("output '{name}' has no batch in the file; it is given out as a batch of one"));
        shape.insert(0, batch);
    }
    if fact.dtype != DType::F32 {
        let cast = builder.fresh(&format!("{name}.cast"));
        let to = Attribute::Int(onnx_number(DType::F32));
        builder.emit(Node::new(&cast, "Cast", &[&value], &cast).with("to", to)).map_err(trouble)?;
        value = cast;
    }
    Ok(Output { name: name.to_owned(), value, shape })
}

/// A batch of one put before the dimensions that a value has.
fn unsqueezed(value: &str, builder: &mut Builder) -> Result<String, Fault> {
    let name = builder.fresh(&format!("{value}.row"));
    let axes = builder.add_constant(&format!("{name}.axes"), Constant::list(&[0]));
    builder.emit(Node::new(&name, "Unsqueeze", &[value, &axes], &name))?;
    Ok(name)
}
