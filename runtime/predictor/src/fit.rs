//! Whether transforms, graph and schema belong together; a bundle's do, parts put together by hand may not.

use dunlin_bundle::graph::{Dim, Graph, ValueInfo};
use dunlin_bundle::schema::{Output, Schema, Task};
use dunlin_bundle::transform_spec::TransformsSpec;

use crate::error::LoadError;

/// The transforms must make the graph's inputs, by name and in order; their shapes are checked as the graph runs.
pub(crate) fn check_inputs(transforms: &TransformsSpec, graph: &Graph) -> Result<(), LoadError> {
    let made = transforms.inputs.iter().map(|i| i.name.as_str());
    let taken = graph.inputs.iter().map(|i| i.name.as_str());
    if made.clone().eq(taken.clone()) {
        return Ok(());
    }
    Err(LoadError::InputsDiffer { made: joined(made), taken: joined(taken) })
}

/// The graph's outputs must be the schema's, by name and in order, each as wide as its task needs.
pub(crate) fn check_outputs(schema: &Schema, graph: &Graph) -> Result<(), LoadError> {
    let made = graph.outputs.iter().map(|o| o.name.as_str());
    let described = schema.output.iter().map(|o| o.name.as_str());
    if !made.clone().eq(described.clone()) {
        return Err(LoadError::OutputsDiffer { made: joined(made), described: joined(described) });
    }
    match graph.outputs.iter().zip(&schema.output).find(|(made, output)| !has_width_of_task(made, output)) {
        Some((made, _)) => Err(LoadError::OutputWidth { output: made.name.clone() }),
        None => Ok(()),
    }
}

fn has_width_of_task(made: &ValueInfo, output: &Output) -> bool {
    let sizes = made.shape.iter().skip(1).map(|dim| if let Dim::Size(size) = dim { Some(*size) } else { None });
    let width = sizes.into_iter().try_fold(1_usize, |width, size| width.checked_mul(size?));
    match output.task {
        Task::MulticlassClassification => width.is_some_and(|w| w > 0 && w == output.classes.len()),
        Task::BinaryClassification => width == Some(1),
        Task::Regression | Task::Embedding => width.is_some_and(|w| w > 0),
    }
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
