//! Measures the statistics of drift and writes the tables and the figure of docs/monitoring.md.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

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
    let path = project.root.join(DOCUMENT);
    let mut document = fs::read_to_string(&path).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    for (name, text) in &sections {
        if name.ends_with(FIGURE) {
            let file = path.with_file_name(name);
            fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        } else {
            document = replaced(&document, name, text)?;
        }
        println!("written: {name}");
    }
    fs::write(&path, document).map_err(|error| format!("{DOCUMENT}: {error}"))
}

/// The document with new text between `<!-- calibrate NAME -->` and `<!-- end NAME -->`.
fn replaced(document: &str, name: &str, text: &str) -> Result<String, String> {
    let (start, end) = (format!("<!-- calibrate {name} -->"), format!("<!-- end {name} -->"));
    let missing = || format!("{DOCUMENT} has no `{start}` before `{end}`");
    let (before, rest) = document.split_once(&start).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(format!("{before}{start}\n{}\n{end}{after}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_the_marks_is_replaced() {
        let document = "a\n<!-- calibrate x -->\nold\n<!-- end x -->\nb\n";
        let expected = "a\n<!-- calibrate x -->\nnew\n<!-- end x -->\nb\n";
        assert_eq!(replaced(document, "x", "new\n").as_deref(), Ok(expected));
        assert_eq!(replaced(expected, "x", "new\n").as_deref(), Ok(expected));
        assert!(replaced(document, "y", "new").is_err());
    }
}
