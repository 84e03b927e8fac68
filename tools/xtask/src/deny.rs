//! What may stand below the runtime: cargo-deny on its manifest, and the ban list once more against cargo's own tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::process::{cargo, keep, program, show};
use crate::project::Project;
use crate::report::Outcome;

/// Built without its advisory client: that needs the network, and costs most of its build.
const VERSION: &str = "0.20.2";

pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    no_banned_crate_in_the_tree(project)?;
    let Some(tool) = find_or_install(project)? else {
        let remedy = format!("cargo install cargo-deny --version {VERSION} --locked");
        return Ok(Outcome::Skipped(format!("no cargo-deny and --no-setup; else: {remedy}")));
    };
    let mut deny = program(project, tool);
    deny.args(["--manifest-path", "runtime/Cargo.toml", "--config", "deny.toml"]);
    show(deny.args(["check", "bans", "licenses", "sources"]))?;
    Ok(Outcome::Passed)
}

/// Quick and independent of cargo-deny, of which it shares only the list.
pub(crate) fn no_banned_crate_in_the_tree(project: &Project) -> Result<(), String> {
    let list = fs::read_to_string(project.root.join("deny.toml")).map_err(|error| format!("deny.toml: {error}"))?;
    let banned = banned_crates(&list);
    let mut tree = cargo(project);
    tree.args(["tree", "--package", "dunlin", "--all-features", "--edges", "normal,build", "--target", "all"]);
    let tree = keep(tree.args(["--prefix", "none", "--format", "{p}"]))?;
    let found: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    let found: Vec<&str> = found.into_iter().filter(|name| banned.contains(name)).collect();
    match (banned.is_empty(), found.is_empty()) {
        (true, _) => Err("deny.toml holds no ban list that could be read".to_owned()),
        (false, false) => Err(format!("below the runtime and banned by deny.toml: {}", found.join(", "))),
        (false, true) => Ok(()),
    }
}

/// The lines that are a quoted name and a comma, between `deny = [` and its end.
fn banned_crates(deny_toml: &str) -> BTreeSet<&str> {
    let list = deny_toml.split_once("\ndeny = [").and_then(|(_, rest)| rest.split_once("\n]"));
    let lines = list.map_or("", |(list, _)| list).lines();
    lines.filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\",")).collect()
}

fn find_or_install(project: &Project) -> Result<Option<PathBuf>, String> {
    let cached = project.cached_tool("cargo-deny");
    for tool in [cached.clone(), PathBuf::from("cargo-deny")] {
        let version = keep(program(project, &tool).arg("--version"));
        if version.is_ok_and(|version| version.trim().ends_with(VERSION)) {
            return Ok(Some(tool));
        }
    }
    if !project.may_install {
        return Ok(None);
    }
    println!("Building cargo-deny {VERSION} once, into {}", cached.display());
    let mut install = cargo(project);
    install.env("CARGO_TARGET_DIR", project.cache.join("tools/build")).env("CARGO_PROFILE_DEV_DEBUG", "0");
    install.args([
        "install",
        "--quiet",
        "cargo-deny",
        "--version",
        VERSION,
        "--locked",
        "--no-default-features",
        "--debug",
    ]);
    show(install.arg("--root").arg(project.cache.join("tools")))?;
    // The tool is all that is wanted; should the rest stay, it is only space in a cache.
    let _ = fs::remove_dir_all(project.cache.join("tools/build"));
    Ok(Some(cached))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_list_bans_each_kind_of_network_crate() -> Result<(), std::io::Error> {
        let list = fs::read_to_string(Project::here(false).root.join("deny.toml"))?;
        let banned = banned_crates(&list);
        for name in ["reqwest", "rustls", "socket2", "tokio"] {
            assert!(banned.contains(name), "{name}");
        }
        Ok(())
    }

    #[test]
    fn the_tree_below_the_runtime_holds_none_of_them() {
        assert_eq!(no_banned_crate_in_the_tree(&Project::here(false)), Ok(()));
    }
}
