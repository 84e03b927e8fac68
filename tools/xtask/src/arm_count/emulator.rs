//! qemu-user with a plugin that counts, and our measuring program built for it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::core::{CORES, Core};
use crate::arm;
use crate::process::{keep, program, show, untied};
use crate::project::Project;
use crate::setup::{Readiness, packages};

/// Emulation that goes wrong tends to loop for ever.
const LIMIT_SECONDS: &str = "300";

#[derive(Clone)]
pub(super) struct Emulator {
    folder: PathBuf,
    plugin: PathBuf,
    /// Our measuring program for aarch64.
    pub(super) dunlin: PathBuf,
}

impl Emulator {
    pub(super) fn make(project: &Project) -> Result<Self, String> {
        // The static qemu that the tests run on takes no plugin.
        if let Readiness::Lacking(why) = packages(project, &["qemu-user"])? {
            return Err(why);
        }
        let folder = project.cache.join("arm-count");
        for core in CORES {
            core.write_prefix(&folder.join(core.isa))?;
        }
        let plugin = folder.join("libcount.so");
        let mut rustc = program(project, "rustc");
        rustc.args(["--edition", "2024", "-O", "--crate-type", "cdylib", "tools/xtask/plugin/count.rs", "-o"]);
        show(rustc.arg(&plugin))?;
        let dunlin = build(project)?;
        Ok(Self { folder, plugin, dunlin })
    }

    /// A command that runs an aarch64 program on a core, with variables that the emulator itself does not see.
    pub(super) fn command(&self, core: &Core, program: &Path, variables: &[(&str, String)]) -> Command {
        let mut command = Command::new("timeout");
        command.args([LIMIT_SECONDS, "qemu-aarch64", "-cpu", core.model, "-plugin"]).arg(&self.plugin);
        command.arg("-L").arg(self.folder.join(core.isa));
        for (name, value) in variables {
            command.args(["-E", &format!("{name}={value}")]);
        }
        command.arg(program);
        command
    }
}

fn build(project: &Project) -> Result<PathBuf, String> {
    let mut cargo = arm::cross_cargo(project)??;
    show(cargo.args(["build", "--release", "--target", arm::TARGET, "--package", "dunlin-bench"]))?;
    Ok(project.cache.join("arm").join(arm::TARGET).join("release/dunlin-bench"))
}

/// Instructions of an inference: of a burst of twenty less those of one of ten, a tenth of it.
pub(super) fn count(mut command: Command) -> Result<u64, String> {
    let piped = || Stdio::piped();
    let cannot = |error: std::io::Error| error.to_string();
    let mut child = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().map_err(cannot)?;
    if let Some(mut say) = child.stdin.take() {
        // One that has ended already says why below.
        let _ = say.write_all(b"3\n10\n20\n");
    }
    let output = child.wait_with_output().map_err(cannot)?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    let counts = complaint.lines().filter_map(|line| line.strip_prefix("instructions ")?.parse::<u64>().ok());
    // The clock is read before and after each burst.
    match counts.collect::<Vec<_>>()[..] {
        [_, _, _, ten, _, twenty] if twenty > ten => Ok((twenty - ten) / 10),
        _ => Err(format!("ended with {}: {}", output.status, complaint.lines().last().unwrap_or_default())),
    }
}

/// Unpacks Debian's packages of the other architecture without installing them.
pub(super) fn unpack(project: &Project, names: &[&str], folder: &Path) -> Result<(), String> {
    let debs = folder.join("debs");
    fs::create_dir_all(&debs).map_err(|error| format!("{}: {error}", debs.display()))?;
    keep(untied(project, "apt-get").current_dir(&debs).args(["-q", "download"]).args(names))?;
    for deb in fs::read_dir(&debs).map_err(|error| format!("{}: {error}", debs.display()))?.flatten() {
        keep(untied(project, "dpkg").arg("-x").arg(deb.path()).arg(folder.join("root")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_burst_costs_beside_its_inferences_is_taken_off() {
        let script = "cat >/dev/null; for n in 900 3500 70 10500 70 20500; do echo instructions $n >&2; done";
        assert_eq!(count(shell(script)), Ok(1_000));
    }

    #[test]
    fn a_program_that_dies_is_named_with_its_last_words() {
        let died = count(shell("cat >/dev/null; echo instructions 5 >&2; echo Illegal instruction >&2; exit 132"));
        assert!(died.is_err_and(|why| why.contains("132") && why.ends_with("Illegal instruction")));
    }
}
