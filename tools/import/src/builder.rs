//! The normalised graph while it is made, node by node: what is known of each value, and which names stand for others.

use std::collections::{BTreeMap, HashMap, HashSet};

use dunlin_bundle::limits::MAX_RANK;
use dunlin_bundle::tensor::element_count;

use crate::constant::Constant;
use crate::facts::{Extent, Fact, Fault, describe};
use crate::limits::{MAX_FILLED, MAX_GROWTH};
use crate::model::{Model, Node};
use crate::rules::{self, Ask};
use crate::unique::Unique;

/// Nodes made so far.
pub(crate) struct Builder {
    pub(crate) nodes: Vec<Node>,
    pub(crate) constants: BTreeMap<String, Constant>,
    pub(crate) notes: Vec<String>,
    /// Rows that the file was exported for, where it fixes them and the batch is taken as a symbol all the same.
    pub(crate) exported_rows: Option<usize>,
    facts: HashMap<String, Fact>,
    aliases: HashMap<String, String>,
    names: Unique,
    /// Values that nodes of the file use, and its outputs.
    used: HashSet<String>,
    /// Values that nodes make.
    made: HashSet<String>,
    filled: usize,
    /// Values that depend on the number of rows alone; no node makes them.
    unmade: HashSet<String>,
    max_nodes: usize,
}

impl Builder {
    /// Starts with what the file holds beside its nodes.
    pub(crate) fn new(model: &Model, exported_rows: Option<usize>) -> Self {
        let constants = &model.constants;
        let used = model.nodes.iter().flat_map(|node| &node.inputs).chain(&model.outputs);
        let used: HashSet<String> = used.filter(|name| !name.is_empty()).cloned().collect();
        let made = model.nodes.iter().flat_map(|node| &node.outputs);
        let names = made.chain(model.inputs.iter().map(|input| &input.name)).chain(constants.keys());
        let names: HashSet<String> = names.chain(&used).cloned().collect();
        Self {
            nodes: Vec::new(),
            constants: constants.clone(),
            notes: Vec::new(),
            exported_rows,
            facts: constants.iter().map(|(name, constant)| (name.clone(), Fact::of(constant))).collect(),
            aliases: HashMap::new(),
            names: Unique::new(names),
            used,
            made: HashSet::new(),
            filled: 0,
            unmade: HashSet::new(),
            max_nodes: model.nodes.len().saturating_add(1).saturating_mul(MAX_GROWTH),
        }
    }

    /// Says what an input of the graph is.
    pub(crate) fn define(&mut self, name: &str, fact: Fact) {
        self.facts.insert(name.to_owned(), fact);
    }

    /// The value that a name stands for.
    pub(crate) fn resolve(&self, name: &str) -> String {
        self.aliases.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// Lets one name stand for another value.
    pub(crate) fn alias(&mut self, name: &str, value: &str) {
        let value = self.resolve(value);
        self.aliases.insert(name.to_owned(), value);
    }

    /// What is known of a value.
    pub(crate) fn fact(&self, name: &str) -> Result<&Fact, Fault> {
        let found = self.facts.get(self.aliases.get(name).map_or(name, String::as_str));
        found.ok_or_else(|| Fault::Wrong(format!("its input '{name}' is missing")))
    }

    /// A value, if it is constant.
    pub(crate) fn constant(&self, name: &str) -> Option<&Constant> {
        self.constants.get(self.aliases.get(name).map_or(name, String::as_str))
    }

    /// A name that nothing has yet.
    pub(crate) fn fresh(&mut self, base: &str) -> String {
        self.names.give(base)
    }

    /// Whether a node of the file, or its output, uses a value.
    pub(crate) fn is_used(&self, name: &str) -> bool {
        self.used.contains(name)
    }

    /// Whether a node makes a value.
    pub(crate) fn is_made(&self, name: &str) -> bool {
        self.made.contains(name)
    }

    /// Takes so many elements from what nodes may fill with one value.
    pub(crate) fn spend(&mut self, elements: usize) -> Result<(), Fault> {
        self.filled = self.filled.saturating_add(elements);
        if self.filled > MAX_FILLED {
            return Err(Fault::Wrong(format!(
                "it fills values of more than {MAX_FILLED} elements, all nodes together"
            )));
        }
        Ok(())
    }

    /// Adds a constant under a name of its own.
    pub(crate) fn add_constant(&mut self, base: &str, constant: Constant) -> String {
        let name = self.fresh(base);
        self.define_constant(&name, constant);
        name
    }

    /// Gives a value that a node would make as a constant.
    pub(crate) fn define_constant(&mut self, name: &str, constant: Constant) {
        self.facts.insert(name.to_owned(), Fact::of(&constant));
        self.constants.insert(name.to_owned(), constant);
    }

    /// Adds a node of the normalised form, checked, with its inputs' shapes carried on. One whose result is a short
    /// list of known whole numbers becomes a constant.
    pub(crate) fn emit(&mut self, mut node: Node) -> Result<(), Fault> {
        node.inputs = node.inputs.iter().map(|name| self.resolve(name)).collect();
        let facts = self.infer(&node)?;
        let made: Vec<(String, Fact)> = node.outputs.iter().cloned().zip(facts).collect();
        for (_, fact) in &made {
            check_size(fact)?;
        }
        let folded: Option<Vec<Constant>> = made.iter().map(|(_, fact)| known_constant(fact)).collect();
        if let Some(constants) = folded {
            for ((name, _), constant) in made.into_iter().zip(constants) {
                self.define_constant(&name, constant);
            }
            return Ok(());
        }
        // Only what shapes are made of is known so; rules have read it, and no run needs it.
        if made.iter().all(|(_, fact)| fact.known.is_some()) {
            self.unmade.extend(made.iter().map(|(name, _)| name.clone()));
            self.facts.extend(made);
            return Ok(());
        }
        if let Some(name) = node.inputs.iter().find(|name| self.unmade.contains(*name)) {
            return Err(Fault::Mixes(format!("it computes with '{name}', which depends on the size of the batch")));
        }
        if self.nodes.len() >= self.max_nodes {
            return Err(Fault::Wrong("the model takes too many nodes".to_owned()));
        }
        self.made.extend(node.outputs.iter().cloned());
        self.facts.extend(made);
        self.nodes.push(node);
        Ok(())
    }

    fn infer(&self, node: &Node) -> Result<Vec<Fact>, Fault> {
        let op = rules::find(&node.op).ok_or_else(|| Fault::Wrong("it cannot be imported".to_owned()))?;
        if !op.inputs.contains(&node.inputs.len()) {
            let (least, most) = (op.inputs.start(), op.inputs.end());
            let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
            return Err(Fault::Wrong(format!("it takes {wanted} inputs, has {}", node.inputs.len())));
        }
        if let Some(name) = node.attributes.keys().find(|name| !op.attributes.contains(&name.as_str())) {
            return Err(Fault::Wrong(format!("attribute '{}' is not supported", name.escape_debug())));
        }
        let facts = (op.rule)(&self.ask(node))?;
        if facts.len() != node.outputs.len() || node.outputs.iter().any(String::is_empty) {
            return Err(Fault::Wrong(format!(
                "it makes {} outputs where it can make {}",
                node.outputs.len(),
                facts.len()
            )));
        }
        Ok(facts)
    }

    /// A node with what is known of its inputs.
    pub(crate) fn ask<'a>(&'a self, node: &'a Node) -> Ask<'a> {
        Ask {
            node,
            inputs: node.inputs.iter().map(|name| self.fact(name).ok()).collect(),
            constants: node.inputs.iter().map(|name| self.constant(name)).collect(),
            exported_rows: self.exported_rows,
        }
    }
}

/// Refuses what no run could hold, and rows without elements, of which nobody could say how many there are.
fn check_size(fact: &Fact) -> Result<(), Fault> {
    let sizes: Vec<usize> = fact.shape.iter().map(|extent| extent.each()).collect();
    let shape = || describe(&fact.shape);
    if sizes.len() > MAX_RANK || element_count(&sizes).is_none() {
        return Err(Fault::Wrong(format!("it makes a value of shape {}, which is over the limits", shape())));
    }
    if fact.shape.contains(&Extent::Rows(0)) {
        return Err(Fault::Mixes(format!("it makes a value of shape {}, which holds no row", shape())));
    }
    Ok(())
}

fn known_constant(fact: &Fact) -> Option<Constant> {
    let values = fact.ints()?;
    let sizes = fact.shape.iter().map(|extent| match extent {
        Extent::Size(size) => Some(*size),
        Extent::Rows(_) => None,
    });
    let sizes: Option<Vec<usize>> = sizes.collect();
    Constant::of_ints(fact.dtype, &sizes?, &values)
}
