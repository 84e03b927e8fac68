//! Labels are dropped and probabilities kept: the runtime names the class itself. What the file says of the classes is
//! kept as their names.

use std::collections::HashSet;

use crate::model::{ML_DOMAIN, Model, Node};

/// Removes the outputs that hold labels, what only they need, and the maps around probabilities. Gives the names of the
/// classes, where the file has them.
pub(crate) fn drop_labels(model: &mut Model) -> Vec<String> {
    let classes = classes(model);
    let labels = labels(model);
    let kept: Vec<String> = model.outputs.iter().filter(|output| !labels.contains(*output)).cloned().collect();
    // A model that answers with labels alone is refused by the op that makes them.
    if !kept.is_empty() {
        model.outputs = kept;
    }
    for node in &mut model.nodes {
        if is_ml(node, "ZipMap") {
            node.op = "Identity".to_owned();
            node.domain.clear();
            node.attributes.clear();
        }
    }
    drop_unused(model);
    classes
}

fn is_ml(node: &Node, op: &str) -> bool {
    node.domain == ML_DOMAIN && node.op == op
}

/// Values that are labels, or made of labels.
fn labels(model: &Model) -> HashSet<String> {
    let mut labels = HashSet::new();
    for node in &model.nodes {
        let classifies = is_ml(node, "LinearClassifier") || is_ml(node, "TreeEnsembleClassifier");
        if classifies {
            labels.extend(node.outputs.first().cloned());
        } else if is_lookup(model, node) || node.inputs.iter().any(|input| labels.contains(input)) {
            labels.extend(node.outputs.iter().cloned());
        }
    }
    labels
}

/// Whether a node looks the label up among the classes.
fn is_lookup(model: &Model, node: &Node) -> bool {
    let constant =
        node.inputs.first().is_some_and(|x| model.strings.contains_key(x) || model.constants.contains_key(x));
    is_ml(node, "ArrayFeatureExtractor") && constant
}

/// Names of the classes: of a map of probabilities, of a classifier, or of what labels are looked up in.
fn classes(model: &Model) -> Vec<String> {
    let of_attributes = model.nodes.iter().filter(|node| node.domain == ML_DOMAIN).find_map(|node| {
        let names = node.strings("classlabels_strings");
        let numbers = [node.ints("classlabels_int64s"), node.ints("classlabels_ints")].concat();
        match (names, numbers.as_slice()) {
            ([], []) => None,
            ([], numbers) => Some(numbers.iter().map(i64::to_string).collect()),
            (names, _) => Some(names.to_vec()),
        }
    });
    let of_lookups = || {
        let lookup = model.nodes.iter().find(|node| is_lookup(model, node))?;
        let classes = lookup.inputs.first()?;
        let numbers = || Some(model.constants.get(classes)?.to_i64()?.iter().map(i64::to_string).collect());
        model.strings.get(classes).cloned().or_else(numbers)
    };
    of_attributes.or_else(of_lookups).unwrap_or_default()
}

/// Removes the nodes that no output depends on.
fn drop_unused(model: &mut Model) {
    let mut wanted: HashSet<String> = model.outputs.iter().cloned().collect();
    let mut kept = Vec::with_capacity(model.nodes.len());
    for node in std::mem::take(&mut model.nodes).into_iter().rev() {
        if node.outputs.iter().any(|output| wanted.contains(output)) {
            wanted.extend(node.inputs.iter().cloned());
            kept.push(node);
        }
    }
    kept.reverse();
    model.nodes = kept;
}
