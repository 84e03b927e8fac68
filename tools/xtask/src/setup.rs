//! Installs the system packages that a step lacks, through apt; knows Debian only.

use std::io::IsTerminal;
use std::process::Command;

use crate::process::{keep, show, untied};
use crate::project::Project;

/// Whether what a step needs is there.
#[derive(Debug, PartialEq)]
pub(crate) enum Readiness {
    Ready,
    /// It is not, and what to do about it.
    Lacking(String),
}

/// Installs those of `packages` that are missing, where that is allowed; a name may end in `:arm64`.
///
/// # Errors
/// Where apt was asked and failed.
pub(crate) fn packages(project: &Project, packages: &[&str]) -> Result<Readiness, String> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(project, package)).collect();
    if missing.is_empty() {
        return Ok(Readiness::Ready);
    }
    let by_hand = instructions(&missing);
    if keep(untied(project, "apt-get").arg("--version")).is_err() {
        return Ok(Readiness::Lacking(format!("only Debian's apt is known; on Debian: {by_hand}")));
    }
    if !project.may_install {
        return Ok(Readiness::Lacking(format!("--no-setup; else: {by_hand}")));
    }
    let Some(prefix) = administrator(project) else {
        return Ok(Readiness::Lacking(format!("neither root nor sudo; run as root: {by_hand}")));
    };
    println!("Installing what is missing: {}", missing.join(" "));
    let sudo = |words: &[&str]| privileged(project, prefix, words);
    if wants_arm64(&missing) && !knows_arm64(project) {
        show(&mut sudo(&["dpkg", "--add-architecture", "arm64"]))?;
    }
    show(&mut sudo(&["apt-get", "-q", "update"]))?;
    if let Some(package) = missing.iter().find(|package| !is_offered(project, package)) {
        return Ok(Readiness::Lacking(format!("this system's apt does not offer {package}")));
    }
    let mut install =
        sudo(&["apt-get", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=600", "install"]);
    show(install.args(&missing))?;
    Ok(Readiness::Ready)
}

fn is_installed(project: &Project, package: &str) -> bool {
    let mut query = untied(project, "dpkg-query");
    keep(query.args(["--show", "--showformat", "${db:Status-Status}\n", package]))
        .is_ok_and(|status| status.lines().any(|line| line == "installed"))
}

fn is_offered(project: &Project, package: &str) -> bool {
    keep(untied(project, "apt-cache").env("LC_ALL", "C").args(["policy", package]))
        .is_ok_and(|policy| policy.contains("Candidate:") && !policy.contains("Candidate: (none)"))
}

fn knows_arm64(project: &Project) -> bool {
    keep(untied(project, "dpkg").arg("--print-foreign-architectures"))
        .is_ok_and(|known| known.lines().any(|line| line == "arm64"))
}

fn wants_arm64(packages: &[&str]) -> bool {
    packages.iter().any(|package| package.ends_with(":arm64"))
}

/// What to put before a command that needs root: nothing as root, else sudo where it works. None: neither.
fn administrator(project: &Project) -> Option<&'static [&'static str]> {
    if keep(untied(project, "id").arg("-u")).is_ok_and(|id| id.trim() == "0") {
        return Some(&[]);
    }
    // Where nobody can type a password, sudo may only be used if it asks for none.
    if std::io::stdin().is_terminal() && keep(untied(project, "sudo").arg("--version")).is_ok() {
        return Some(&["sudo"]);
    }
    keep(untied(project, "sudo").args(["-n", "true"])).is_ok().then_some(&["sudo", "-n"])
}

fn privileged(project: &Project, prefix: &[&str], words: &[&str]) -> Command {
    let mut all = prefix.iter().chain(["env", "DEBIAN_FRONTEND=noninteractive"].iter()).chain(words);
    let mut command = untied(project, all.next().copied().unwrap_or("env"));
    command.args(all);
    command
}

fn instructions(missing: &[&str]) -> String {
    let first = if wants_arm64(missing) { "dpkg --add-architecture arm64 && " } else { "" };
    format!("{first}apt-get update && apt-get install --no-install-recommends {}", missing.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_setup_nothing_is_installed_and_the_remedy_is_told() {
        let readiness = packages(&Project::here(false), &["dunlin-no-such-package:arm64"]);
        let Ok(Readiness::Lacking(remedy)) = readiness else { panic!("{readiness:?}") };
        assert!(remedy.contains("dpkg --add-architecture arm64 && apt-get update"), "{remedy}");
        assert!(remedy.ends_with("dunlin-no-such-package:arm64"), "{remedy}");
    }
}
