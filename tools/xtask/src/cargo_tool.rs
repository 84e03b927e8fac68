//! Tools that cargo itself installs: the developer's own of the right version, or one built once into the cache.

use std::fs;
use std::path::PathBuf;

use crate::process::{cargo, keep, program, show};
use crate::project::Project;

/// A tool with nothing but its own code: default features are networks and compressors, which cost most of a build.
pub(crate) struct CargoTool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

impl CargoTool {
    /// The tool; else why there is none, and what to do.
    ///
    /// # Errors
    /// Where it does not build.
    pub(crate) fn find_or_install(&self, project: &Project) -> Result<Result<PathBuf, String>, String> {
        let Self { name, version } = self;
        let cached = project.cached_tool(name);
        for tool in [cached.clone(), PathBuf::from(name)] {
            if keep(program(project, &tool).arg("--version")).is_ok_and(|said| said.trim().ends_with(version)) {
                return Ok(Ok(tool));
            }
        }
        if !project.may_install {
            let remedy = format!("cargo install {name} --version {version} --locked");
            return Ok(Err(format!("no {name} and --no-setup; else: {remedy}")));
        }
        println!("Building {name} {version} once, into {}", cached.display());
        let mut install = cargo(project);
        install.env("CARGO_TARGET_DIR", project.cache.join("tools/build")).env("CARGO_PROFILE_DEV_DEBUG", "0");
        install.args(["install", "--quiet", name, "--version", version, "--locked", "--no-default-features"]);
        show(install.args(["--debug", "--root"]).arg(project.cache.join("tools")))?;
        // The tool is all that is wanted; should the rest stay, it is only space in a cache.
        let _ = fs::remove_dir_all(project.cache.join("tools/build"));
        Ok(Ok(cached))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_may_not_be_installed_is_named_with_the_command_that_does() {
        let tool = CargoTool { name: "cargo-dunlin-no-such-tool", version: "1.2.3" };
        let lacking = tool.find_or_install(&Project::here(false));
        let remedy = "cargo install cargo-dunlin-no-such-tool --version 1.2.3 --locked";
        assert!(matches!(&lacking, Ok(Err(why)) if why.ends_with(remedy)), "{lacking:?}");
    }
}
