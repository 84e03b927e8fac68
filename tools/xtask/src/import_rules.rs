//! Who may import whom, crate by crate.

use serde_json::Value;

/// A crate and the crates of the workspace that it may depend on. A crate that is not listed is refused: whoever adds
/// one decides here where it stands.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("dunlin-drift", &[]),
    ("dunlin-bundle", &["dunlin-drift"]),
    ("dunlin-channel", &[]),
    ("dunlin-features", &["dunlin-bundle"]),
    ("dunlin-kernels", &[]),
    ("dunlin-engine", &["dunlin-bundle", "dunlin-kernels"]),
    ("dunlin-predictor", &["dunlin-bundle", "dunlin-drift", "dunlin-engine", "dunlin-features"]),
    ("dunlin-wire", &["dunlin-drift"]),
    ("dunlin", BELOW_THE_RUNTIME),
    ("dunlin-uniffi", &["dunlin"]),
    ("dunlin-jni", &["dunlin", "dunlin-uniffi"]),
    ("dunlin-bindgen", &[]),
    ("dunlin-c", &["dunlin"]),
    ("dunlin-cloud", BELOW_THE_RUNTIME),
    ("dunlin-daemon", &["dunlin", "dunlin-records", "dunlin-transport"]),
    ("dunlin-records", &["dunlin"]),
    ("dunlin-transport", &["dunlin"]),
    ("dunlin-bench", &["dunlin-bundle", "dunlin-engine", "dunlin-predictor"]),
    ("dunlin-import", &["dunlin-bundle", "dunlin-engine", "dunlin-features", "dunlin-models", "dunlin-predictor"]),
    ("dunlin-models", ALL_BELOW),
    ("xtask", &[]),
];

/// The predictor and what is below it.
const ALL_BELOW: &[&str] = &["dunlin-bundle", "dunlin-drift", "dunlin-engine", "dunlin-features", "dunlin-predictor"];

/// The same, what goes over the wire, and what comes over the channel.
const BELOW_THE_RUNTIME: &[&str] = &[
    "dunlin-bundle",
    "dunlin-channel",
    "dunlin-drift",
    "dunlin-engine",
    "dunlin-features",
    "dunlin-predictor",
    "dunlin-wire",
];

/// These stand at the top, and nothing may import them.
const TOP: &[&str] = &["dunlin-cli", "dunlin-tests"];

/// Every breach in the output of `cargo metadata`. What only tests import is free.
pub(crate) fn breaches(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let names: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    packages.iter().flat_map(|package| breaches_of(package, &names)).collect()
}

fn breaches_of(package: &Value, names: &[&str]) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    let imported = dependencies
        .filter(|dependency| dependency["kind"] != "dev")
        .filter_map(|dependency| dependency["name"].as_str())
        .filter(|imported| names.contains(imported));
    let rule = MAY_IMPORT.iter().find(|(listed, _)| *listed == name).map(|(_, allowed)| *allowed);
    let is_top = TOP.contains(&name);
    if rule.is_none() && !is_top {
        return vec![format!("{name} has no line in tools/xtask/src/import_rules.rs: decide where it stands")];
    }
    imported
        .filter(|imported| TOP.contains(imported) || rule.is_some_and(|allowed| !allowed.contains(imported)))
        .map(|imported| format!("{name} must not import {imported}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(importer: &str, imported: &str, kind: Value) -> Value {
        let dependency = serde_json::json!({ "name": imported, "kind": kind });
        let packages = [
            serde_json::json!({ "name": importer, "dependencies": [dependency] }),
            serde_json::json!({ "name": imported, "dependencies": [] }),
        ];
        serde_json::json!({ "packages": packages })
    }

    #[test]
    fn the_bundle_may_import_drift_and_not_the_other_way_round() {
        assert_eq!(breaches(&workspace("dunlin-bundle", "dunlin-drift", Value::Null)), Vec::<String>::new());
        let found = breaches(&workspace("dunlin-drift", "dunlin-bundle", Value::Null));
        assert_eq!(found, ["dunlin-drift must not import dunlin-bundle"]);
    }

    #[test]
    fn models_never_import_the_runtime_and_nobody_imports_the_command_line() {
        assert_eq!(breaches(&workspace("dunlin-models", "dunlin", Value::Null)).len(), 1);
        assert_eq!(breaches(&workspace("dunlin-tests", "dunlin-cli", Value::Null)).len(), 1);
    }

    #[test]
    fn a_build_dependency_counts_and_one_of_tests_does_not() {
        assert_eq!(breaches(&workspace("dunlin-drift", "dunlin-bundle", "build".into())).len(), 1);
        assert_eq!(breaches(&workspace("dunlin-drift", "dunlin-bundle", "dev".into())).len(), 0);
    }

    #[test]
    fn a_crate_that_nobody_placed_is_refused() {
        let found = breaches(&workspace("dunlin-surprise", "dunlin-drift", Value::Null));
        assert!(found[0].starts_with("dunlin-surprise has no line"), "{found:?}");
    }
}
