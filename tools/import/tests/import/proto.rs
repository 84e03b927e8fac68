//! ONNX files written field by field, so that what the importer reads is held against the format and not against its
//! own types. Field numbers are those of onnx.proto.

/// A model under construction.
#[derive(Clone, Default)]
pub(crate) struct Onnx {
    opset: i64,
    graph: Vec<u8>,
    nodes: usize,
}

/// ONNX's numbers of element types.
pub(crate) const FLOAT: u64 = 1;
pub(crate) const INT64: u64 = 7;

/// An attribute: its name, and its fields with the type's number.
pub(crate) type Attribute = (&'static str, Vec<u8>);

impl Onnx {
    pub(crate) fn new(opset: i64) -> Self {
        Self { opset, ..Self::default() }
    }

    /// An input of f32; a negative size is a symbol.
    pub(crate) fn input(self, name: &str, shape: &[i64]) -> Self {
        self.value(11, name, FLOAT, shape)
    }

    pub(crate) fn input_of(self, name: &str, dtype: u64, shape: &[i64]) -> Self {
        self.value(11, name, dtype, shape)
    }

    pub(crate) fn output(mut self, name: &str) -> Self {
        put(&mut self.graph, 12, &field(1, name.as_bytes()));
        self
    }

    fn value(mut self, number: u64, name: &str, dtype: u64, shape: &[i64]) -> Self {
        let mut dims = Vec::new();
        for size in shape {
            let dim = if *size < 0 { field(2, b"N") } else { varint_field(1, *size as u64) };
            put(&mut dims, 1, &dim);
        }
        let tensor = [varint_field(1, dtype), field(2, &dims)].concat();
        let value = [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat();
        put(&mut self.graph, number, &value);
        self
    }

    pub(crate) fn floats(self, name: &str, shape: &[i64], values: &[f32]) -> Self {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensor(&tensor(name, FLOAT, shape, &raw))
    }

    /// Floats that differ from each other, all between -0.9 and 0.9.
    pub(crate) fn some_floats(self, name: &str, shape: &[i64]) -> Self {
        let count = shape.iter().product::<i64>() as usize;
        let values: Vec<f32> = (0..count).map(|i| ((i * 37 + name.len() * 11) % 181) as f32 / 100.0 - 0.9).collect();
        self.floats(name, shape, &values)
    }

    pub(crate) fn ints(self, name: &str, shape: &[i64], values: &[i64]) -> Self {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensor(&tensor(name, INT64, shape, &raw))
    }

    /// An initializer from the bytes of a TensorProto.
    pub(crate) fn tensor(mut self, tensor: &[u8]) -> Self {
        put(&mut self.graph, 5, tensor);
        self
    }

    pub(crate) fn node(self, op: &str, inputs: &[&str], outputs: &[&str], attributes: &[Attribute]) -> Self {
        self.node_of("", op, inputs, outputs, attributes)
    }

    /// A node of a domain, called after its op and its number.
    pub(crate) fn node_of(
        mut self,
        domain: &str,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[Attribute],
    ) -> Self {
        let mut node = Vec::new();
        inputs.iter().for_each(|name| put(&mut node, 1, name.as_bytes()));
        outputs.iter().for_each(|name| put(&mut node, 2, name.as_bytes()));
        put(&mut node, 3, format!("{op}{}", self.nodes).as_bytes());
        put(&mut node, 4, op.as_bytes());
        for (name, content) in attributes {
            put(&mut node, 5, &[field(1, name.as_bytes()), content.clone()].concat());
        }
        put(&mut node, 7, domain.as_bytes());
        put(&mut self.graph, 1, &node);
        self.nodes += 1;
        self
    }

    /// Any field of the graph.
    pub(crate) fn raw(mut self, number: u64, content: &[u8]) -> Self {
        put(&mut self.graph, number, content);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let own = varint_field(2, self.opset as u64);
        let learned = [field(1, b"ai.onnx.ml"), varint_field(2, 3)].concat();
        [varint_field(1, 8), field(7, &self.graph), field(8, &own), field(8, &learned)].concat()
    }
}

pub(crate) fn int(name: &'static str, value: i64) -> Attribute {
    (name, [varint_field(3, value as u64), varint_field(20, 2)].concat())
}

pub(crate) fn float(name: &'static str, value: f32) -> Attribute {
    (name, [vec![2 << 3 | 5], value.to_le_bytes().to_vec(), varint_field(20, 1)].concat())
}

pub(crate) fn string(name: &'static str, value: &str) -> Attribute {
    (name, [field(4, value.as_bytes()), varint_field(20, 3)].concat())
}

pub(crate) fn ints(name: &'static str, values: &[i64]) -> Attribute {
    let each = values.iter().flat_map(|value| varint_field(8, *value as u64));
    (name, each.chain(varint_field(20, 7)).collect())
}

/// A TensorProto with its values as raw bytes.
pub(crate) fn tensor(name: &str, dtype: u64, shape: &[i64], raw: &[u8]) -> Vec<u8> {
    let dims = shape.iter().flat_map(|size| varint_field(1, *size as u64));
    dims.chain([varint_field(2, dtype), field(8, name.as_bytes()), field(9, raw)].concat()).collect()
}

/// A length-delimited field.
pub(crate) fn field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, number, content);
    bytes
}

pub(crate) fn varint_field(number: u64, value: u64) -> Vec<u8> {
    let mut bytes = varint(number << 3);
    bytes.extend(varint(value));
    bytes
}

fn put(bytes: &mut Vec<u8>, number: u64, content: &[u8]) {
    bytes.extend(varint(number << 3 | 2));
    bytes.extend(varint(content.len() as u64));
    bytes.extend(content);
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
