//! Writes a bill of materials as CycloneDX 1.5, without a time and without a random number: the same sources make the same bytes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::crates::{Crate, Tree};

pub(super) fn write(
    program: &str,
    target: &str,
    tree: &Tree,
    checksums: &BTreeMap<String, String>,
) -> Result<String, String> {
    let linked = tree.linked();
    let root = tree.crates.get(&tree.root).ok_or("the tree has no root")?;
    let mut subject = entry("application", program, &tree.root, root);
    subject.insert("description".into(), json!("a model that answers on a board"));
    let others = tree.crates.iter().filter(|(id, _)| **id != tree.root);
    let components: Vec<Map<String, Value>> = others
        .map(|(id, found)| {
            let scope = if linked.contains(id.as_str()) { "required" } else { "excluded" };
            component(id, found, scope, checksums.get(id))
        })
        .collect();
    let dependencies: Vec<Value> =
        tree.crates.iter().map(|(id, found)| json!({ "ref": id, "dependsOn": found.needs })).collect();
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

fn component(id: &str, found: &Crate, scope: &str, checksum: Option<&String>) -> Map<String, Value> {
    let mut component = entry("library", &found.name, id, found);
    component.insert("scope".into(), json!(scope));
    // A crate of ours is in no registry: an address would be that of somebody else's crate of the same name.
    if let Some(checksum) = checksum {
        component.insert("purl".into(), json!(purl(found)));
        component.insert("hashes".into(), json!([{ "alg": "SHA-256", "content": checksum }]));
    }
    component
}

fn entry(kind: &str, name: &str, id: &str, found: &Crate) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("type".into(), json!(kind));
    entry.insert("bom-ref".into(), json!(id));
    entry.insert("name".into(), json!(name));
    entry.insert("version".into(), json!(found.version));
    if !found.licence.is_empty() {
        entry.insert("licenses".into(), json!([{ "expression": found.licence }]));
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
        let bill: Value = serde_json::from_str(&write("appd", "t", &tree, &checksums)?)?;
        assert_eq!(bill["metadata"]["component"]["name"], "appd");
        let [ours, toml] = bill["components"].as_array().ok_or("an array")?.as_slice() else { panic!("{bill}") };
        assert!(ours.get("purl").is_none() && ours.get("hashes").is_none());
        assert_eq!(toml["purl"], "pkg:cargo/toml@1.2.1%2Bspec-1.1.0");
        assert_eq!(toml["hashes"][0]["content"], "c0ffee");
        Ok(())
    }
}
