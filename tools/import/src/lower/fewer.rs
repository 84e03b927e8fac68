//! Nodes that disappear, shed what only training or old files have, or are written as more of a simpler kind.

use dunlin_bundle::limits::MAX_RANK;
use dunlin_bundle::tensor::{DType, element_count};

use super::{blocks, plain};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::{Entry, Fault};
use crate::model::{Attribute, Node};
use crate::parse::held_as;

pub(super) fn identity(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let input = node.input(0).ok_or("its input is missing")?;
    builder.fact(input)?;
    builder.alias(node.output(), input);
    Ok(())
}

/// Without training it lets everything through. A mask that someone uses is missed where it is used.
pub(super) fn dropout(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let training = node.input(2).is_some_and(|name| builder.constant(name).and_then(|c| c.to_i64()) != Some(vec![0]));
    if training {
        return Err("it drops values also when it predicts; export the model in evaluation mode".into());
    }
    identity(node, opset, builder)
}

pub(super) fn batch_normalization(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    if node.int("training_mode", 0) != 0 {
        return Err("it is in training mode; export the model in evaluation mode".into());
    }
    if node.int("spatial", 1) == 0 {
        return Err("it normalises each element by itself (spatial=0); export it for opset 9 or later".into());
    }
    builder.emit(plain(node, &["training_mode", "spatial", "momentum"]))
}

/// Alone, or with all its statistics where one is used.
pub(super) fn layer_normalization(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let mut layer = plain(node, &["stash_type"]);
    let statistics = node.outputs.get(1..).unwrap_or_default();
    if statistics.iter().any(|name| builder.is_used(name)) {
        for position in 1..3 {
            let given = node.outputs.get(position).filter(|name| !name.is_empty()).cloned();
            layer.outputs.push(given.unwrap_or_else(|| builder.fresh(&format!("{}.unused", node.name))));
        }
    }
    builder.emit(layer)
}

/// Floats of every width are held as f32, so a cast between them is none.
pub(super) fn cast(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let to = held_as(node.int("to", 0)).ok_or_else(|| {
        format!(
            "it casts to a type that cannot be imported ({}); cast to float, int64, int32 or bool",
            node.int("to", 0)
        )
    })?;
    if builder.fact(node.input(0).unwrap_or_default())?.dtype == to {
        return identity(node, opset, builder);
    }
    builder.emit(plain(node, &["to", "saturate", "round_mode"]).with("to", Attribute::Int(onnx_number(to))))
}

/// ONNX's number of an element type.
pub(crate) fn onnx_number(dtype: DType) -> i64 {
    match dtype {
        DType::F32 => 1,
        DType::U8 => 2,
        DType::I8 => 3,
        DType::I32 => 6,
        DType::I64 => 7,
        DType::Bool => 9,
        DType::F16 => 10,
    }
}

/// One value everywhere is a constant, where its shape does not depend on the batch.
pub(super) fn constant_of_shape(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let value = match node.attributes.get("value") {
        None => Constant::f32(&[], &[0.0]),
        Some(Attribute::Tensor(value)) if value.elements() == 1 => value.clone(),
        Some(_) => return Err("its value is not a tensor of one element".into()),
    };
    let shape = &builder.fact(node.input(0).ok_or("its shape is missing")?)?.known;
    let shape = shape.as_ref().ok_or("the shape that it makes must be known before the model runs")?;
    let sizes = shape.iter().map(|entry| match entry {
        Entry::Int(size) => usize::try_from(*size).map_err(|_| Fault::from("its shape is negative")),
        Entry::Rows(_) => Err(Fault::Mixes("it makes a value for each row, whatever the row holds".to_owned())),
    });
    let sizes: Vec<usize> = sizes.collect::<Result<_, _>>()?;
    let elements = element_count(&sizes).filter(|_| sizes.len() <= MAX_RANK);
    let elements = elements.ok_or_else(|| format!("it fills {sizes:?}, which is over the limits of a bundle"))?;
    builder.spend(elements)?;
    builder.define_constant(node.output(), Constant::new(value.dtype, &sizes, value.bytes.repeat(elements)));
    Ok(())
}

/// Sum, Min or Max of any number of values, two at a time.
pub(super) fn of_many(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let op = if node.op == "Sum" { "Add" } else { &node.op };
    let [first, second, rest @ ..] = node.inputs.as_slice() else { return identity(node, opset, builder) };
    let (mut so_far, mut next, mut rest) = (first.clone(), second, rest.iter());
    let mut number = 0;
    loop {
        let following = rest.next();
        let (name, output) = match following {
            None => (node.name.clone(), node.output().to_owned()),
            Some(_) => (format!("{}_{number}", node.name), builder.fresh(&format!("{}_{number}", node.output()))),
        };
        builder.emit(Node::new(&name, op, &[&so_far, next], &output))?;
        let Some(following) = following else { return Ok(()) };
        (so_far, next, number) = (output, following, number + 1);
    }
}

/// The zero point's type decides what it makes; `output_dtype` says it where there is none.
pub(super) fn quantize(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let output = node.int("output_dtype", 0);
    if output != 0 && node.input(2).is_none() && held_as(output) != Some(DType::U8) {
        return Err("it names its type in output_dtype; give it a zero point of that type instead".into());
    }
    let node = plain(node, &["output_dtype", "precision", "saturate"]);
    dequantize(&node, opset, builder)
}

/// By one scale, by one for each index along an axis, or by blocks.
pub(super) fn dequantize(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    match node.int("block_size", 0) {
        0 => builder.emit(plain(node, &["block_size"])),
        _ => blocks::blocked(node, builder),
    }
}
