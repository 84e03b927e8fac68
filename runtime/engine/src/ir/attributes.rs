//! Reads a node's attributes: one that the op does not read, or of another type, is refused and not taken for its default.

use std::cell::RefCell;
use std::collections::BTreeSet;

use dunlin_bundle::graph::{Attribute, Node};

/// The attributes of one node; remembers which were read.
pub(crate) struct Attributes<'a> {
    node: &'a Node,
    read: RefCell<BTreeSet<&'a str>>,
}

impl<'a> Attributes<'a> {
    pub(crate) fn new(node: &'a Node) -> Self {
        Self { node, read: RefCell::default() }
    }

    fn get(&self, name: &str) -> Option<&'a Attribute> {
        let (name, attribute) = self.node.attributes.get_key_value(name)?;
        self.read.borrow_mut().insert(name);
        Some(attribute)
    }

    /// An INT, or its default.
    pub(crate) fn int(&self, name: &str, default: i64) -> Result<i64, String> {
        match self.get(name) {
            None => Ok(default),
            Some(Attribute::Int(value)) => Ok(*value),
            Some(_) => Err(wrong(name, "INT")),
        }
    }

    /// An INT of 0 or 1.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, String> {
        Ok(self.int(name, i64::from(default))? != 0)
    }

    /// An INT above zero.
    pub(crate) fn size(&self, name: &str, default: usize) -> Result<usize, String> {
        let value = self.int(name, default as i64)?;
        usize::try_from(value).ok().filter(|v| *v > 0).ok_or_else(|| format!("attribute '{name}' must be above 0"))
    }

    /// A FLOAT, or its default.
    pub(crate) fn float(&self, name: &str, default: f32) -> Result<f32, String> {
        match self.get(name) {
            None => Ok(default),
            Some(Attribute::Float(value)) if value.is_finite() => Ok(*value as f32),
            // A whole number in the file is a float too.
            Some(Attribute::Int(value)) => Ok(*value as f32),
            Some(_) => Err(wrong(name, "finite FLOAT")),
        }
    }

    /// INTS, where there are some. An empty list may have been written for floats, too.
    pub(crate) fn ints(&self, name: &str) -> Result<Option<&'a [i64]>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Attribute::Ints(values)) => Ok(Some(values)),
            Some(_) => Err(wrong(name, "INTS")),
        }
    }

    /// INTS that are sizes above zero, one for each of `count` dimensions; absent: all 1.
    pub(crate) fn sizes(&self, name: &str, count: usize) -> Result<Vec<usize>, String> {
        let Some(values) = self.ints(name)? else { return Ok(vec![1; count]) };
        let sizes: Option<Vec<usize>> = values.iter().map(|v| usize::try_from(*v).ok().filter(|v| *v > 0)).collect();
        let sizes = sizes.filter(|sizes| sizes.len() == count);
        sizes.ok_or_else(|| format!("attribute '{name}' must hold {count} sizes above 0"))
    }

    /// ONNX `pads`: all the befores, then all the afters; as a pair for each of `count` dimensions.
    pub(crate) fn pads(&self, count: usize) -> Result<Vec<(usize, usize)>, String> {
        let Some(values) = self.ints("pads")? else { return Ok(vec![(0, 0); count]) };
        let values: Option<Vec<usize>> = values.iter().map(|v| usize::try_from(*v).ok()).collect();
        let values = values.filter(|values| values.len() == 2 * count);
        let values = values.ok_or_else(|| format!("attribute 'pads' must hold {count} befores and {count} afters"))?;
        Ok((0..count).map(|d| (values[d], values[count + d])).collect())
    }

    /// A STRING, or its default.
    pub(crate) fn string(&self, name: &str, default: &'a str) -> Result<&'a str, String> {
        match self.get(name) {
            None => Ok(default),
            Some(Attribute::String(value)) => Ok(value),
            Some(_) => Err(wrong(name, "STRING")),
        }
    }

    /// Refuses an attribute that nobody read.
    pub(crate) fn finish(&self) -> Result<(), String> {
        let read = self.read.borrow();
        match self.node.attributes.keys().find(|name| !read.contains(name.as_str())) {
            Some(name) => Err(format!("attribute '{name}' is not supported; write the node without it")),
            None => Ok(()),
        }
    }
}

fn wrong(name: &str, wanted: &str) -> String {
    format!("attribute '{name}' must be of type {wanted}")
}
