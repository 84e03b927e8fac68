//! The model card of an import: what was imported, and what nobody has said about it.

use std::fmt::Write as _;

use dunlin_bundle::graph::{Dim, Graph, ValueInfo};

use super::Description;
use crate::data::Source;
use crate::{Batch, Imported};

pub(super) fn card(imported: &Imported, description: &Description<'_>, graph: &Graph, notes: &[String]) -> String {
    let mut card = format!("---\nlibrary_name: dunlin\ntags: [onnx, imported]\n---\n# {}\n\n", description.id);
    let producer = if imported.producer.is_empty() { "an unnamed exporter" } else { &imported.producer };
    let rows = description.data.rows.len();
    let data = match description.data.source {
        Source::Given => format!("{rows} given rows"),
        Source::Noise => format!("{rows} rows of noise: scores, reference distribution and guard mean nothing"),
    };
    let batch = match &imported.batch {
        Batch::Any => "any number of rows".to_owned(),
        Batch::Fixed { size, node, reason } => format!("{size}, because of `{node}`: {reason}"),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        card,
        "Imported from ONNX, as {producer} wrote it. Who trained it, on what and for what, the file does not say: \
         add it here.\n"
    );
    let _ = writeln!(card, "| | |\n|---|---|");
    let _ = writeln!(card, "| inputs | {} |", values(&graph.inputs));
    let _ = writeln!(card, "| outputs | {} |", values(&graph.outputs));
    let _ = writeln!(card, "| rows at once | {batch} |");
    let _ = writeln!(card, "| ops | {} |", ops(graph));
    let _ = writeln!(card, "| counted and scored on | {data} |");
    if !notes.is_empty() {
        let _ = writeln!(card, "\n## Notes of the import\n");
        for note in notes {
            let _ = writeln!(card, "- {note}");
        }
    }
    card
}

fn values(values: &[ValueInfo]) -> String {
    let dim = |dim: &Dim| match dim {
        Dim::Size(size) => size.to_string(),
        Dim::Symbol(symbol) => symbol.clone(),
    };
    let shape = |value: &ValueInfo| value.shape.iter().map(dim).collect::<Vec<_>>().join(", ");
    values.iter().map(|value| format!("`{}` [{}]", value.name, shape(value))).collect::<Vec<_>>().join(", ")
}

/// Each op with how often it comes, the most frequent first.
fn ops(graph: &Graph) -> String {
    let counted = crate::op_counts(graph);
    counted.iter().map(|(op, count)| format!("{count} {op}")).collect::<Vec<_>>().join(", ")
}
