//! Writes a bill of materials as CycloneDX 1.5, without a time and without a random number: the same sources make the same bytes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::crates::{Crate, Tree};

/// What is in the program and is no crate: it came inside one.
pub(super) struct Foreign {
    pub(super) name: &'static str,
    pub(super) version: String,
    pub(super) licence: &'static str,
    /// By which lists of known faults call it.
    pub(super) cpe: String,
    /// The crate, by name and version.
    pub(super) carrier: String,
}

pub(super) fn write(
    program: &str,
    target: &str,
    tree: &Tree,
    checksums: &BTreeMap<String, String>,
    foreign: &[Foreign],
) -> Result<String, String> {
    let linked = tree.linked();
    let root = tree.crates.get(&tree.root).ok_or("the tree has no root")?;
    let mut subject = entry("application", program, &root.version, &tree.root, &root.licence);
    subject.insert("description".into(), json!("a model that answers on a board"));
    let others = tree.crates.iter().filter(|(id, _)| **id != tree.root);
    let mut components: Vec<Map<String, Value>> = others
        .map(|(id, found)| {
            let scope = if linked.contains(id.as_str()) { "required" } else { "excluded" };
            component(id, found, scope, checksums.get(id))
        })
        .collect();
    let mut dependencies: Vec<Value> = tree.crates.iter().map(|(id, found)| needs(id, found, foreign)).collect();
    for found in foreign.iter().filter(|found| tree.crates.contains_key(&found.carrier)) {
        components.push(foreign_component(found));
        dependencies.push(json!({ "ref": found.id(), "dependsOn": [] }));
    }
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": subject, "properties": [{ "name": "dunlin:target", "value": target }] },
        "components": components,
        "dependencies": dependencies,
    });
    serde_json::to_string_pretty(&document).map(|text| text + "\n").map_err(|error| format!("CycloneDX: {error}"))
}

fn needs(id: &str, found: &Crate, foreign: &[Foreign]) -> Value {
    let carried = foreign.iter().filter(|foreign| foreign.carrier == id).map(Foreign::id);
    let needs: Vec<String> = found.needs.iter().cloned().chain(carried).collect();
    json!({ "ref": id, "dependsOn": needs })
}

impl Foreign {
    fn id(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

fn foreign_component(found: &Foreign) -> Map<String, Value> {
    let mut component = entry("library", found.name, &found.version, &found.id(), found.licence);
    component.insert("scope".into(), json!("required"));
    component.insert("cpe".into(), json!(found.cpe));
    component.insert("purl".into(), json!(format!("pkg:generic/{}", found.id())));
    component
}

fn component(id: &str, found: &Crate, scope: &str, checksum: Option<&String>) -> Map<String, Value> {
    let mut component = entry("library", &found.name, &found.version, id, &found.licence);
    component.insert("scope".into(), json!(scope));
    // A crate of ours is in no registry: an address would be that of somebody else's crate of the same name.
    if let Some(checksum) = checksum {
        component.insert("purl".into(), json!(purl(found)));
        component.insert("hashes".into(), json!([{ "alg": "SHA-256", "content": checksum }]));
    }
    component
}

fn entry(kind: &str, name: &str, version: &str, id: &str, licence: &str) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("type".into(), json!(kind));
    entry.insert("bom-ref".into(), json!(id));
    entry.insert("name".into(), json!(name));
    entry.insert("version".into(), json!(version));
    if !licence.is_empty() {
        entry.insert("licenses".into(), json!([{ "expression": licence }]));
    }
    entry
}

/// In a package URL a plus sign would be a space.
fn purl(found: &Crate) -> String {
    format!("pkg:cargo/{}@{}", found.name, found.version.replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::crates::read;

    #[test]
    fn a_fetched_crate_has_an_address_and_a_hash_and_ours_has_neither() -> Result<(), Box<dyn std::error::Error>> {
        let tree = read("0 app v0.1.0|MIT\n1 ours v0.1.0|MIT\n1 toml v1.2.1+spec-1.1.0|MIT\n")?;
        let checksums = BTreeMap::from([("toml@1.2.1+spec-1.1.0".to_owned(), "c0ffee".to_owned())]);
        let bill: Value = serde_json::from_str(&write("appd", "t", &tree, &checksums, &[])?)?;
        assert_eq!(bill["metadata"]["component"]["name"], "appd");
        let [ours, toml] = bill["components"].as_array().ok_or("an array")?.as_slice() else { panic!("{bill}") };
        assert!(ours.get("purl").is_none() && ours.get("hashes").is_none());
        assert_eq!(toml["purl"], "pkg:cargo/toml@1.2.1%2Bspec-1.1.0");
        assert_eq!(toml["hashes"][0]["content"], "c0ffee");
        Ok(())
    }

    #[test]
    fn what_a_crate_carries_is_listed_below_it() -> Result<(), Box<dyn std::error::Error>> {
        let tree = read("0 app v0.1.0|MIT\n1 sqlite-sys v0.2.0|MIT\n")?;
        let sqlite = |carrier: &str| Foreign {
            name: "sqlite",
            version: "3.51.0".to_owned(),
            licence: "blessing",
            cpe: "cpe".to_owned(),
            carrier: carrier.to_owned(),
        };
        let foreign = [sqlite("sqlite-sys@0.2.0"), sqlite("not-here@1.0.0")];
        let bill: Value = serde_json::from_str(&write("appd", "t", &tree, &BTreeMap::new(), &foreign)?)?;
        assert_eq!(bill["components"].as_array().map(Vec::len), Some(2));
        assert_eq!(bill["components"][1]["purl"], "pkg:generic/sqlite@3.51.0");
        assert_eq!(bill["dependencies"][1], json!({ "ref": "sqlite-sys@0.2.0", "dependsOn": ["sqlite@3.51.0"] }));
        Ok(())
    }
}
