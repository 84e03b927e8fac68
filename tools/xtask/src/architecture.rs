//! The house rules as a check: crates by `cargo metadata`, files by their text, the network by the ban list.

use serde_json::Value;

use crate::process::{cargo, keep};
use crate::project::Project;
use crate::report::Outcome;
use crate::{deny, import_rules, source_rules};

pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    let mut found = import_rules::breaches(&metadata(project)?);
    found.extend(source_rules::breaches(&project.root)?);
    found.extend(deny::no_banned_crate_in_the_tree(project).err());
    for exception in source_rules::exceptions() {
        println!("allowed: {exception}");
    }
    for breach in &found {
        println!("breach:  {breach}");
    }
    if found.is_empty() { Ok(Outcome::Passed) } else { Err(format!("{} rules broken, listed above", found.len())) }
}

/// The crates of the workspace, with what each one asks for.
pub(crate) fn metadata(project: &Project) -> Result<Value, String> {
    let text = keep(cargo(project).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))
}
