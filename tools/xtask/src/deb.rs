//! `cargo xtask deb`: a Debian package of the daemon for arm64, packed twice to the same bytes, installed into a root of its
//! own, and looked at.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo_tool::CargoTool;
use crate::process::{keep, program, show, target_folder, untied};
use crate::project::Project;
use crate::report::Outcome;
use crate::setup::{Readiness, packages};
use crate::{arm, cross, sbom, unit};

/// Built without its own compressors in C.
const CARGO_DEB: CargoTool = CargoTool { name: "cargo-deb", version: "3.8.0" };

/// As Debian names packages: the package, its version and revision, the architecture.
const NAME: &str = concat!("dunlin-daemon_", env!("CARGO_PKG_VERSION"), "-1_arm64.deb");
const PACKAGE: &str = "dunlin-daemon";

/// Where dpkg keeps its books, below a root.
const ADMINISTRATION: &str = "var/lib/dpkg";

/// Debian's installer, and what the package's scripts call.
const NEEDED: &[&str] = &["dpkg", "systemd", "init-system-helpers"];

/// The second number of the glibc that the package's `depends` asks for.
const GLIBC: u32 = 34;

/// The package as it is meant to be, in cargo's target folder.
pub(crate) fn make(project: &Project) -> Result<Outcome, String> {
    let folder = target_folder(project)?.join("debian");
    pack_and_look(project, cross::PROFILE, &folder)
}

/// The same of the program that the emulated tests use anyway, apart from what anybody would install.
pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    pack_and_look(project, "arm", &project.cache.join("deb/packages"))
}

fn pack_and_look(project: &Project, profile: &str, folder: &Path) -> Result<Outcome, String> {
    if let Readiness::Lacking(why) = packages(project, NEEDED)? {
        return Ok(Outcome::Skipped(why));
    }
    let tool = match CARGO_DEB.find_or_install(project)? {
        Ok(tool) => tool,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let daemon = match cross::program(project, profile)? {
        Ok(daemon) => daemon,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let bill = daemon.with_extension("cdx.json");
    sbom::write(project, arm::TARGET, &bill)?;
    sbom::validate(project, &bill)?;
    let package = pack_twice(project, &tool, profile, folder)?;
    let root = install(project, &package)?;
    looks_right(project, &root)?;
    unit::check(project, &root)
}

/// Two runs make the same bytes, so that whoever has the sources can tell where a package comes from.
fn pack_twice(project: &Project, tool: &Path, profile: &str, folder: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (package, again) = (folder.join(NAME), folder.join("again.deb"));
    let time = commit_time(project);
    let mut bytes = Vec::new();
    for path in [&package, &again] {
        let mut pack = program(project, tool);
        pack.env("CARGO_TARGET_DIR", project.cache.join("arm")).env("SOURCE_DATE_EPOCH", &time);
        pack.args(["--package", "dunlin-daemon", "--no-build", "--no-strip", "--profile", profile, "--quiet"]);
        show(pack.args(["--target", arm::TARGET, "--output"]).arg(path))?;
        bytes.push(fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    // It was made to be compared.
    let _ = fs::remove_file(&again);
    if bytes.first() != bytes.last() {
        return Err("two packages of the same sources differ".to_owned());
    }
    println!("{}: {} bytes, the same twice", package.display(), bytes.first().map_or(0, Vec::len));
    Ok(package)
}

/// The time that its files get: that of the commit, else one that is as good as any.
fn commit_time(project: &Project) -> String {
    let time = keep(untied(project, "git").args(["log", "-1", "--format=%ct"]));
    time.map_or_else(|_| "1767225600".to_owned(), |time| time.trim().to_owned())
}

/// As on a board, by Debian's own installer, with the package's scripts: all but its dependencies.
fn install(project: &Project, package: &Path) -> Result<PathBuf, String> {
    let root = project.cache.join("deb/root");
    // What an earlier run left would hide what this one lacks.
    if root.exists() {
        fs::remove_dir_all(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    }
    empty_system(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    let mut dpkg = as_root(project, "dpkg");
    dpkg.args([format!("--root={}", root.display()), format!("--log={}", root.join("dpkg.log").display())]);
    dpkg.args(["--force-architecture", "--force-depends", "--force-script-chrootless", "--no-triggers"]);
    show(dpkg.arg("--install").arg(package))?;
    let query = |format: &str| {
        let mut query = untied(project, "dpkg-query");
        keep(
            query
                .arg(format!("--admindir={}", root.join(ADMINISTRATION).display()))
                .args(["-W", "-f", format, PACKAGE]),
        )
    };
    let found = query("${Architecture} ${Status}")?;
    if found != "arm64 install ok installed" {
        return Err(format!("{} is not installed for arm64 but: {found}", package.display()));
    }
    Ok(root)
}

/// What dpkg wants to find of a system in which nothing is installed.
fn empty_system(root: &Path) -> std::io::Result<()> {
    let administration = root.join(ADMINISTRATION);
    fs::create_dir_all(administration.join("info"))?;
    fs::create_dir_all(administration.join("updates"))?;
    fs::write(administration.join("status"), "")?;
    fs::create_dir_all(root.join("etc"))
}

/// Files of packages belong to root: in a namespace, where whoever runs this is somebody else.
fn as_root(project: &Project, name: &str) -> Command {
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        return untied(project, name);
    }
    let mut command = untied(project, "unshare");
    command.arg("--map-root-user").arg(name);
    command
}

/// What must be in it, and that the daemon in it takes the configuration in it.
fn looks_right(project: &Project, root: &Path) -> Result<(), String> {
    for file in [
        "usr/bin/dunlind",
        "usr/lib/systemd/system/dunlind.service",
        "usr/lib/sysusers.d/dunlin.conf",
        "usr/share/doc/dunlin-daemon/sbom.cdx.json",
    ] {
        if !root.join(file).is_file() {
            return Err(format!("the package lacks {file}: tools/daemon/Cargo.toml"));
        }
    }
    let users = fs::read_to_string(root.join("etc/passwd")).map_err(|error| format!("the user dunlin: {error}"))?;
    if !users.lines().any(|user| user.starts_with("dunlin:")) {
        return Err("the package's script made no user dunlin".to_owned());
    }
    // The link leads to where the unit will be, which it is not here.
    let enabled = root.join("etc/systemd/system/multi-user.target.wants/dunlind.service");
    if enabled.symlink_metadata().is_ok() {
        return Err("the package enables the service, though there is no model yet".to_owned());
    }
    let daemon = root.join("usr/bin/dunlind");
    let start = fs::read(&daemon).map_err(|error| format!("{}: {error}", daemon.display()))?;
    if !is_aarch64(&start) {
        return Err(format!("{} is no program for aarch64", daemon.display()));
    }
    let symbols = keep(untied(project, "aarch64-linux-gnu-readelf").args(["--version-info", "--wide"]).arg(&daemon))?;
    if let Some(newest) = newest_glibc(&symbols).filter(|newest| *newest > GLIBC) {
        return Err(format!("dunlind wants glibc 2.{newest}, its package asks for 2.{GLIBC}: tools/daemon/Cargo.toml"));
    }
    let mut check = cross::emulated_aarch64(project);
    // As the unit would tell it.
    check.env("STATE_DIRECTORY", "/var/lib/dunlin").arg(daemon).arg("--check-config");
    keep(check.arg("--config").arg(root.join("etc/dunlin/dunlind.toml"))).map(drop)
}

/// The second number of the newest `GLIBC_2.N` that is asked for.
fn newest_glibc(version_info: &str) -> Option<u32> {
    let versions = version_info.split("GLIBC_2.").skip(1);
    versions.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).max()
}

/// By ELF's own marks: the magic, 64 bits, little end first, and machine 183.
fn is_aarch64(program: &[u8]) -> bool {
    program.starts_with(b"\x7fELF\x02\x01") && program.get(18..20) == Some(&[183, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_glibc_compare_as_numbers() {
        assert_eq!(newest_glibc("Name: GLIBC_2.4  Flags\nName: GLIBC_2.34\nName: GLIBC_2.17.1"), Some(34));
        assert_eq!(newest_glibc("no version information"), None);
    }

    #[test]
    fn what_the_package_asks_for_is_what_is_checked() -> Result<(), std::io::Error> {
        let manifest = fs::read_to_string(Project::here(false).root.join("tools/daemon/Cargo.toml"))?;
        assert!(manifest.contains(&format!("libc6 (>= 2.{GLIBC})")));
        Ok(())
    }

    #[test]
    fn a_program_of_another_processor_is_told_apart() {
        let mut header = [0; 20];
        header[..6].copy_from_slice(b"\x7fELF\x02\x01");
        header[18] = 183;
        assert!(is_aarch64(&header));
        header[18] = 62;
        assert!(!is_aarch64(&header));
        assert!(!is_aarch64(b"#!/bin/sh"));
    }
}
