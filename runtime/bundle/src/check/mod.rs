//! What each entry must satisfy by itself and together with the others, so that later stages need not ask again.

mod golden;
mod graph;
mod manifest;
mod reference;
mod schema;
mod transforms;

use std::fmt;

pub(crate) use manifest::{FORMAT, check as manifest};

use crate::contents::Contents;
use crate::entry;
use crate::error::BundleError;
use crate::limits;

/// What is wrong within an entry, before the entry is named.
pub(crate) enum Fault {
    /// It contradicts itself or another entry.
    Invalid { at: String, problem: String },
    /// It claims more than a limit allows.
    Limit { limit: &'static str, value: u64, max: u64 },
}

type Check = Result<(), Fault>;

impl Fault {
    fn new(at: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { at: at.into(), problem: problem.into() }
    }

    fn within(self, entry: &str) -> BundleError {
        let entry = entry.to_owned();
        match self {
            Self::Invalid { at, problem } => BundleError::Invalid { entry, at, problem },
            Self::Limit { limit, value, max } => BundleError::Limit { entry, limit, value, max },
        }
    }
}

/// Refuses what a condition does not hold for. The words are made only then: a load checks some thousand names.
fn ensure(holds: bool, at: impl fmt::Display, problem: impl fmt::Display) -> Check {
    if holds { Ok(()) } else { Err(Fault::new(at.to_string(), problem.to_string())) }
}

/// A thing and its name, for people.
#[derive(Clone, Copy)]
struct Named<'a>(&'a str, &'a str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.0, self.1.escape_debug())
    }
}

/// Refuses more than a limit allows.
fn within_limit(limit: &'static str, value: usize, max: usize) -> Check {
    if value <= max { Ok(()) } else { Err(Fault::Limit { limit, value: value as u64, max: max as u64 }) }
}

/// Refuses a name that is empty, longer than a name may be, or has control characters.
fn check_name(what: &str, name: &str) -> Check {
    within_limit("MAX_NAME_BYTES", name.len(), limits::MAX_NAME_BYTES)?;
    let good = !name.is_empty() && !name.contains(char::is_control);
    ensure(good, Named(what, name), "the name is empty or has control characters")
}

/// Refuses names that are bad or come twice.
fn check_names<'a>(what: &str, names: impl IntoIterator<Item = &'a str>) -> Check {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        check_name(what, name)?;
        ensure(seen.insert(name), Named(what, name), "the name comes twice")?;
    }
    Ok(())
}

/// Checks entries that have been parsed, each by itself and against the others.
pub(crate) fn together(contents: &Contents) -> Result<(), BundleError> {
    let Contents { schema, transforms, graph, weights, reference, golden, golden_tensors, baseline, .. } = contents;
    schema::check(schema).map_err(|fault| fault.within(entry::SCHEMA))?;
    graph::check(graph, weights).map_err(|fault| fault.within(entry::GRAPH))?;
    graph::check_outputs(graph, schema).map_err(|fault| fault.within(entry::GRAPH))?;
    transforms::check(transforms, graph, schema).map_err(|fault| fault.within(entry::TRANSFORMS))?;
    if let Some(baseline) = baseline {
        let (graph, weights) = (&baseline.graph, &baseline.weights);
        graph::check(graph, weights).map_err(|fault| fault.within(entry::BASELINE_GRAPH))?;
        graph::check_outputs(graph, schema).map_err(|fault| fault.within(entry::BASELINE_GRAPH))?;
        transforms::check(&baseline.transforms, graph, schema)
            .map_err(|fault| fault.within(entry::BASELINE_TRANSFORMS))?;
    }
    reference::check(reference, schema, baseline.is_some()).map_err(|fault| fault.within(entry::REFERENCE))?;
    golden::check(golden, schema, graph).map_err(|fault| fault.within(entry::GOLDEN))?;
    golden::check_tensors(golden_tensors, schema, golden.cases.len())
        .map_err(|fault| fault.within(entry::GOLDEN_TENSORS))
}

/// Refuses another golden case when there are enough of them.
pub(crate) fn golden_count(count: usize) -> Result<(), BundleError> {
    within_limit("MAX_GOLDEN_CASES", count, limits::MAX_GOLDEN_CASES).map_err(|fault| fault.within(entry::GOLDEN))
}
