//! What may stand below the runtime: cargo-deny on its manifest, and the ban list once more against cargo's own tree.

use std::collections::BTreeSet;
use std::fs;

use crate::cargo_tool::CargoTool;
use crate::process::{cargo, keep, program, show};
use crate::project::Project;
use crate::report::Outcome;

/// Built without its advisory client: that needs the network, and costs most of its build.
const CARGO_DENY: CargoTool = CargoTool { name: "cargo-deny", version: "0.20.2" };

pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    no_banned_crate_in_the_tree(project)?;
    let tool = match CARGO_DENY.find_or_install(project)? {
        Ok(tool) => tool,
        Err(why) => return Ok(Outcome::Skipped(why)),
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
