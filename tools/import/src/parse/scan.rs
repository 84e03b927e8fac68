//! Counts nodes, tensors and their fields in the raw bytes, before anything is allocated for them: an empty message of
//! two bytes becomes a struct of a hundred and more.

use prost::bytes::Buf as _;
use prost::encoding::{WireType, decode_key, decode_varint};

use super::{not_onnx, over};
use crate::error::ImportError;
use crate::limits;

const GRAPH_OF_MODEL: u32 = 7;
const OPSET_OF_MODEL: u32 = 8;
const NODE_OF_GRAPH: u32 = 1;
const INITIALIZER_OF_GRAPH: u32 = 5;
const INPUT_OF_GRAPH: u32 = 11;
const OUTPUT_OF_GRAPH: u32 = 12;
const SPARSE_OF_GRAPH: u32 = 15;

pub(super) fn check(model: &[u8]) -> Result<(), ImportError> {
    let mut opsets = 0;
    each_field(model, &mut |field, content| match field {
        GRAPH_OF_MODEL => check_graph(content),
        OPSET_OF_MODEL => count("opset imports", &mut opsets, "MAX_NODE_FIELDS", limits::MAX_NODE_FIELDS),
        _ => Ok(()),
    })
}

fn check_graph(graph: &[u8]) -> Result<(), ImportError> {
    let (mut nodes, mut tensors, mut values) = (0, 0, 0);
    each_field(graph, &mut |field, content| match field {
        NODE_OF_GRAPH => {
            count("nodes", &mut nodes, "MAX_NODES", limits::MAX_NODES)?;
            check_fields("node", content, nodes)
        }
        INITIALIZER_OF_GRAPH | SPARSE_OF_GRAPH => {
            count("initializers", &mut tensors, "MAX_TENSORS", limits::MAX_TENSORS)?;
            Ok(())
        }
        INPUT_OF_GRAPH | OUTPUT_OF_GRAPH => {
            count("inputs and outputs", &mut values, "MAX_VALUES", limits::MAX_VALUES)?;
            check_fields("input or output", content, values)
        }
        _ => Ok(()),
    })
}

/// Length-delimited fields of a message: a node's inputs, outputs and attributes.
fn check_fields(what: &str, message: &[u8], number: usize) -> Result<(), ImportError> {
    let mut fields = 0;
    let what = format!("fields of {what} {number}");
    each_field(message, &mut |_, _| count(&what, &mut fields, "MAX_NODE_FIELDS", limits::MAX_NODE_FIELDS))
}

fn count(what: &str, counted: &mut usize, limit: &'static str, max: usize) -> Result<(), ImportError> {
    *counted += 1;
    if *counted > max { Err(over(what, limit, *counted, max)) } else { Ok(()) }
}

type Visit<'a> = dyn FnMut(u32, &[u8]) -> Result<(), ImportError> + 'a;

/// Goes through the length-delimited fields of a message.
fn each_field(mut message: &[u8], visit: &mut Visit<'_>) -> Result<(), ImportError> {
    let broken = |_| not_onnx("its protobuf encoding is broken");
    while message.has_remaining() {
        let (field, wire) = decode_key(&mut message).map_err(broken)?;
        let length = match wire {
            WireType::Varint => decode_varint(&mut message).map(|_| 0).map_err(broken)?,
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => decode_varint(&mut message).map_err(broken)?,
            // Groups, which no version of the schema has.
            WireType::StartGroup | WireType::EndGroup => return Err(not_onnx("its protobuf encoding has groups")),
        };
        let length = usize::try_from(length).ok().filter(|length| *length <= message.len());
        let (content, rest) = message.split_at(length.ok_or_else(|| not_onnx("it ends too early"))?);
        if wire == WireType::LengthDelimited {
            visit(field, content)?;
        }
        message = rest;
    }
    Ok(())
}
