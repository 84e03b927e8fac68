//! scikit-learn's ops (`ai.onnx.ml`): linear models, scalers and trees in ONNX's own ops, and one op for trees.

mod labels;
mod linear;
mod post;
mod scale;
mod trees;

use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::Fault;
use crate::model::{Attribute, Node};
use dunlin_bundle::tensor::DType;

pub(crate) use labels::drop_labels;

type Lower = fn(&Node, &mut Builder) -> Result<(), Fault>;

const OPS: &[(&str, Lower)] = &[
    ("ArrayFeatureExtractor", scale::extract),
    ("LinearClassifier", linear::classifier),
    ("LinearRegressor", linear::regressor),
    ("Normalizer", scale::normalizer),
    ("Scaler", scale::scaler),
    ("TreeEnsemble", trees::ensemble),
    ("TreeEnsembleClassifier", trees::classifier),
    ("TreeEnsembleRegressor", trees::regressor),
];

/// What to do about ops that scikit-learn pipelines have and this form has not.
const REMEDIES: &[(&[&str], &str)] = &[
    (&["SVMClassifier", "SVMRegressor"], "use a linear model or trees, or approximate the kernel before the model"),
    (
        &[
            "OneHotEncoder",
            "LabelEncoder",
            "CategoryMapper",
            "DictVectorizer",
            "Imputer",
            "Binarizer",
            "FeatureVectorizer",
        ],
        "export the model without its preprocessing, and write that as transforms in features.json",
    ),
];
const OTHER_REMEDY: &str = "docs/import.md lists scikit-learn's models that can; export without it";

/// Whether an op of scikit-learn's can be lowered; else what to do.
pub(crate) fn supported(op: &str) -> Result<(), &'static str> {
    if find(op).is_some() {
        return Ok(());
    }
    let found = REMEDIES.iter().find(|(ops, _)| ops.contains(&op));
    Err(found.map_or(OTHER_REMEDY, |(_, remedy)| remedy))
}

/// Lowers a node.
pub(crate) fn lower(node: &Node, builder: &mut Builder) -> Result<(), Fault> {
    match find(&node.op) {
        Some(lower) => lower(node, builder),
        None => Err("it cannot be imported".into()),
    }
}

fn find(op: &str) -> Option<Lower> {
    OPS.iter().find(|(name, _)| *name == op).map(|(_, lower)| *lower)
}

/// The node's operand as f32: these ops take whole numbers too.
fn operand(node: &Node, builder: &mut Builder) -> Result<String, Fault> {
    let x = node.input(0).ok_or("its input is missing")?;
    if builder.fact(x)?.dtype == DType::F32 {
        return Ok(x.to_owned());
    }
    let name = builder.fresh(&format!("{}.x", node.name));
    builder.emit(
        Node::new(&name, "Cast", &[x], &name).with("to", Attribute::Int(crate::lower::onnx_number(DType::F32))),
    )?;
    Ok(name)
}

/// Emits one op on values of the node's, under a name of its own, and gives the result's name.
fn step(node: &Node, what: &str, op: &str, inputs: &[&str], builder: &mut Builder) -> Result<String, Fault> {
    let name = builder.fresh(&format!("{}.{what}", node.name));
    builder.emit(Node::new(&name, op, inputs, &name))?;
    Ok(name)
}

/// A constant of the node's.
fn constant(node: &Node, what: &str, constant: Constant, builder: &mut Builder) -> Result<String, Fault> {
    if constant.to_f32().is_some_and(|values| !values.iter().all(|value| value.is_finite())) {
        return Err(format!("{what} holds NaN or infinity").into());
    }
    Ok(builder.add_constant(&format!("{}.{what}", node.name), constant))
}
