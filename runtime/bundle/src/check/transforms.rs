//! The transforms against graph and schema: they fill each input of the graph from known features.

use std::collections::HashSet;

use super::{Check, ensure, within_limit};
use crate::graph::{Dim, Graph};
use crate::limits;
use crate::schema::Schema;
use crate::tensor::element_count;
use crate::transform_spec::{ColumnSpec, InputSpec, TransformsSpec};

pub(super) fn check(transforms: &TransformsSpec, graph: &Graph, schema: &Schema) -> Check {
    let names = transforms.inputs.iter().map(|input| &input.name);
    let same = names.eq(graph.inputs.iter().map(|input| &input.name));
    ensure(same, "inputs", "they are not the graph's inputs, in its order")?;
    let features: HashSet<&str> = schema.feature.iter().map(|feature| feature.name.as_str()).collect();
    for (input, value) in transforms.inputs.iter().zip(&graph.inputs) {
        let at = || format!("input `{}`", input.name);
        let known = element_count(&input.shape).is_some_and(|count| count > 0);
        ensure(known, at(), "its shape has a dimension of zero, or more elements than a tensor may have")?;
        let row = value.shape.iter().skip(1);
        let same = row.eq(input.shape.iter().map(|size| Dim::Size(*size)).collect::<Vec<_>>().iter());
        ensure(same, at(), "its shape is not that of the graph's input without the batch")?;
        check_columns(input, &features)?;
    }
    Ok(())
}

fn check_columns(input: &InputSpec, features: &HashSet<&str>) -> Check {
    within_limit("MAX_FEATURES", input.columns.len(), limits::MAX_FEATURES)?;
    ensure(!input.columns.is_empty(), format!("input `{}`", input.name), "it has no columns")?;
    input.columns.iter().try_for_each(|column| check_column(column, features))
}

fn check_column(column: &ColumnSpec, features: &HashSet<&str>) -> Check {
    let at = || format!("column `{}`", column.feature.escape_debug());
    ensure(features.contains(column.feature.as_str()), at(), "the schema has no such feature")?;
    within_limit("MAX_TRANSFORMS", column.transforms.len(), limits::MAX_TRANSFORMS)?;
    ensure(column.transforms.iter().all(|transform| !transform.op.is_empty()), at(), "a transform has no name")
}
