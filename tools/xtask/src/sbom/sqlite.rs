//! SQLite, which is compiled from the source that comes inside a crate, and whose faults are known by its own version.

use std::fs;
use std::path::Path;

use super::document::Foreign;
use crate::process::{cargo, keep};
use crate::project::Project;

/// The crate that carries it.
const CARRIER: &str = "libsqlite3-sys";

/// As the header in the crate says.
pub(super) fn read(project: &Project, target: &str) -> Result<Foreign, String> {
    let metadata =
        keep(cargo(project).args(["metadata", "--locked", "--format-version", "1", "--filter-platform", target]))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let carrier = metadata["packages"].as_array().into_iter().flatten().find(|package| package["name"] == CARRIER);
    let carrier = carrier.ok_or_else(|| format!("cargo metadata does not know {CARRIER}"))?;
    let text = |key: &str| carrier[key].as_str().ok_or_else(|| format!("cargo metadata gives {CARRIER} no {key}"));
    let header = Path::new(text("manifest_path")?).with_file_name("sqlite3").join("sqlite3.h");
    let source = fs::read_to_string(&header).map_err(|error| format!("{}: {error}", header.display()))?;
    let version = version(&source).ok_or_else(|| format!("{} names no version", header.display()))?;
    Ok(Foreign {
        name: "sqlite",
        version: version.to_owned(),
        // SPDX's name for what stands in the place of a licence there.
        licence: "blessing",
        cpe: format!("cpe:2.3:a:sqlite:sqlite:{version}:*:*:*:*:*:*:*"),
        carrier: format!("{CARRIER}@{}", text("version")?),
    })
}

fn version(header: &str) -> Option<&str> {
    let line = header.lines().find_map(|line| line.strip_prefix("#define SQLITE_VERSION "))?;
    line.trim().strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_header() {
        let header = "#define SQLITE_VERSION        \"3.51.0\"\n#define SQLITE_VERSION_NUMBER 3051000\n";
        assert_eq!(version(header), Some("3.51.0"));
        assert_eq!(version("#define SQLITE_VERSION_NUMBER 3051000\n"), None);
    }
}
