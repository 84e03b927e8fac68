//! `cargo xtask sbom`: the bill of materials of the daemon for one target, as CycloneDX 1.5, from cargo's own tree and Cargo.lock.
//!
//! cargo's tree of one package is asked for, and not its metadata: there the features of the whole workspace are on, and crates are
//! listed that this program does not have.

mod crates;
mod document;
mod lock;
mod sqlite;

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{cargo, keep, show, target_folder, untied};
use crate::project::Project;
use crate::python;

/// Whose bill it is.
const PACKAGE: &str = "dunlin-daemon";
const PROGRAM: &str = "dunlind";

/// Writes it into cargo's target folder, and has it checked where that can be done.
pub(crate) fn run(project: &Project, target: &str) -> bool {
    let written = target_folder(project).map(|folder| folder.join(format!("sbom/{PROGRAM}.{target}.cdx.json")));
    let result = written.and_then(|path| write(project, target, &path).and_then(|()| validate(project, &path)));
    if let Err(why) = &result {
        println!("FAILED: {why}");
    }
    result.is_ok()
}

/// Writes the bill for a target.
pub(crate) fn write(project: &Project, target: &str, path: &Path) -> Result<(), String> {
    let text = document(project, target)?;
    let told = |error| format!("{}: {error}", path.display());
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(told)?;
    fs::write(path, text).map_err(told)?;
    println!("{}", path.display());
    Ok(())
}

/// The bill as text, the same for the same sources.
fn document(project: &Project, target: &str) -> Result<String, String> {
    let mut tree = cargo(project);
    tree.args(["tree", "--locked", "--package", PACKAGE, "--target", target, "--edges", "normal"]);
    // The space keeps a name apart from the depth before it.
    let tree = crates::read(&keep(tree.args(["--prefix", "depth", "--format", " {p}|{l}"]))?)?;
    let lock = project.root.join("Cargo.lock");
    let lock = fs::read_to_string(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    document::write(PROGRAM, target, &tree, &lock::checksums(&lock), &[sqlite::read(project, target)?])
}

/// By the schema that CycloneDX publishes, where Python can be set up.
pub(crate) fn validate(project: &Project, path: &Path) -> Result<(), String> {
    match python::cyclonedx(project) {
        Ok(python) => show(untied(project, python).arg(script(project)).arg(path)),
        Err(why) => {
            println!("not held against CycloneDX's schema: {why}");
            Ok(())
        }
    }
}

fn script(project: &Project) -> PathBuf {
    project.root.join("tools/xtask/python/check_sbom.py")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    const TARGET: &str = crate::arm::TARGET;

    fn bill() -> Result<(String, Value), Box<dyn std::error::Error>> {
        let text = document(&Project::here(false), TARGET)?;
        let value = serde_json::from_str(&text)?;
        Ok((text, value))
    }

    fn texts<'a>(bill: &'a Value, list: &str, key: &str) -> Vec<&'a str> {
        bill[list].as_array().into_iter().flatten().filter_map(|entry| entry[key].as_str()).collect()
    }

    #[test]
    fn it_lists_what_the_daemon_is_made_of_and_nothing_of_other_programs() -> Result<(), Box<dyn std::error::Error>> {
        let (text, bill) = bill()?;
        let names = texts(&bill, "components", "name");
        for name in ["libsqlite3-sys", "ring", "rustls", "serde", "sqlite"] {
            assert!(names.contains(&name), "{name}");
        }
        assert!(!names.iter().any(|name| name.starts_with("candle")), "{names:?}");
        assert_eq!(text, document(&Project::here(false), TARGET)?, "the same sources make the same text");
        Ok(())
    }

    #[test]
    fn every_component_is_in_the_lock_file_and_hashed_unless_it_is_ours() -> Result<(), Box<dyn std::error::Error>> {
        let (_, bill) = bill()?;
        let lock: toml::Table = fs::read_to_string(Project::here(false).root.join("Cargo.lock"))?.parse()?;
        let locked = lock["package"].as_array().ok_or("packages are an array")?;
        let crates = bill["components"].as_array().ok_or("components are an array")?.iter();
        for component in crates.filter(|component| component["name"] != "sqlite") {
            let entry = locked.iter().find(|entry| {
                entry["name"].as_str() == component["name"].as_str()
                    && entry["version"].as_str() == component["version"].as_str()
            });
            let entry = entry.ok_or_else(|| format!("{component} is not locked"))?;
            let checksum = entry.get("checksum").and_then(toml::Value::as_str);
            assert_eq!(component["hashes"][0]["content"].as_str(), checksum, "{component}");
            assert_eq!(component.get("purl").is_some(), checksum.is_some(), "{component}");
            assert!(component["licenses"][0]["expression"].as_str().is_some_and(|l| !l.contains('/')), "{component}");
        }
        Ok(())
    }

    #[test]
    fn the_graph_is_closed_and_names_no_place_to_fetch_from() -> Result<(), Box<dyn std::error::Error>> {
        let (text, bill) = bill()?;
        let mut known: BTreeSet<&str> = texts(&bill, "components", "bom-ref").into_iter().collect();
        assert!(known.insert(bill["metadata"]["component"]["bom-ref"].as_str().ok_or("the program has a name")?));
        assert_eq!(texts(&bill, "dependencies", "ref").into_iter().collect::<BTreeSet<_>>(), known);
        for node in bill["dependencies"].as_array().ok_or("dependencies are an array")? {
            let needs = node["dependsOn"].as_array().into_iter().flatten().filter_map(Value::as_str);
            assert!(needs.into_iter().all(|need| known.contains(need)), "{node}");
        }
        assert!(!text.contains("://"), "an address");
        Ok(())
    }

    #[test]
    fn what_runs_in_the_compiler_alone_is_marked() -> Result<(), Box<dyn std::error::Error>> {
        let (_, bill) = bill()?;
        let scope = |name: &str| {
            let component = bill["components"].as_array()?.iter().find(|component| component["name"] == name)?;
            component["scope"].as_str()
        };
        assert_eq!(scope("syn"), Some("excluded"));
        assert_eq!(scope("serde_derive"), Some("excluded"));
        assert_eq!(scope("serde"), Some("required"));
        Ok(())
    }
}
