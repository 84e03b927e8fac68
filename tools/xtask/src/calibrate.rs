//! Measures the statistics of drift and writes the tables and the figure of docs/monitoring.md.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use crate::document;
use crate::process::{cargo, keep};
use crate::project::Project;

const DOCUMENT: &str = "docs/monitoring.md";
/// Sections with this ending are files beside the document.
const FIGURE: &str = ".svg";

/// Runs the measurement and rewrites what it measured; a section that was not measured (elec2 without its data) stays.
pub(crate) fn run(project: &Project) -> bool {
    match write(project) {
        Ok(()) => true,
        Err(why) => {
            eprintln!("calibrate: {why}");
            false
        }
    }
}

fn write(project: &Project) -> Result<(), String> {
    let example = ["run", "--release", "--quiet", "-p", "dunlin-tests", "--example", "calibrate"];
    // How far it is goes to the error output, as it comes.
    let measured = keep(cargo(project).args(example).stderr(Stdio::inherit()))?;
    let sections: BTreeMap<String, String> =
        serde_json::from_str(&measured).map_err(|error| format!("what was measured is no JSON: {error}"))?;
    for (name, text) in &sections {
        if name.ends_with(FIGURE) {
            let file = project.root.join(DOCUMENT).with_file_name(name);
            fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
            println!("written: {name}");
        } else {
            document::rewrite(project, DOCUMENT, "calibrate", name, text)?;
        }
    }
    Ok(())
}
