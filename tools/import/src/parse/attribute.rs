//! `AttributeProto` to an attribute.

use crate::error::ImportError;
use crate::model::Attribute;
use crate::onnx::AttributeProto;
use crate::onnx::attribute_proto::AttributeType;

use super::tensor;

/// Reads an attribute of the node that `node` names.
pub(super) fn read(
    attribute: AttributeProto,
    node: &str,
    notes: &mut Vec<String>,
) -> Result<(String, Attribute), ImportError> {
    let name = attribute.name.clone().unwrap_or_default();
    let kind = attribute.r#type.and_then(|kind| AttributeType::try_from(kind).ok());
    let value = match kind.unwrap_or(AttributeType::Undefined) {
        _ if attribute.ref_attr_name.is_some() => Attribute::Other("a function's"),
        AttributeType::Float => Attribute::Float(attribute.f.unwrap_or(0.0)),
        AttributeType::Int => Attribute::Int(attribute.i.unwrap_or(0)),
        AttributeType::String => Attribute::String(text(attribute.s.as_deref().unwrap_or_default())),
        AttributeType::Floats => Attribute::Floats(attribute.floats),
        AttributeType::Ints => Attribute::Ints(attribute.ints),
        AttributeType::Strings => Attribute::Strings(attribute.strings.iter().map(|bytes| text(bytes)).collect()),
        AttributeType::Tensor => match attribute.t {
            Some(tensor) => Attribute::Tensor(tensor::read(tensor, &format!("{node}.{name}"), notes)?),
            None => Attribute::Other("an empty TENSOR"),
        },
        AttributeType::Undefined => untyped(attribute),
        AttributeType::Graph | AttributeType::Graphs => Attribute::Other("GRAPH"),
        AttributeType::Tensors => Attribute::Other("TENSORS"),
        AttributeType::SparseTensor | AttributeType::SparseTensors => Attribute::Other("SPARSE_TENSOR"),
        AttributeType::TypeProto | AttributeType::TypeProtos => Attribute::Other("TYPE_PROTO"),
    };
    Ok((name, value))
}

/// The oldest files leave the type out: the field that is there says it.
fn untyped(attribute: AttributeProto) -> Attribute {
    match attribute {
        AttributeProto { f: Some(value), .. } => Attribute::Float(value),
        AttributeProto { i: Some(value), .. } => Attribute::Int(value),
        AttributeProto { s: Some(bytes), .. } => Attribute::String(text(&bytes)),
        AttributeProto { floats, .. } if !floats.is_empty() => Attribute::Floats(floats),
        AttributeProto { ints, .. } => Attribute::Ints(ints),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
