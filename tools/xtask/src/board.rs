//! `cargo xtask board`: a board in an emulator, with Debian's kernel, whose power is pulled again and again.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::arm;
use crate::process::{cargo, keep, program, show, target_folder, untied};
use crate::project::Project;
use crate::report::Outcome;
use crate::setup::{Readiness, packages};

/// Cuts in the shortened run, which is part of all tests: three starts.
const FEW: usize = 2;

const NEEDED: &[&str] = &["qemu-system-arm", "cpio", "e2fsprogs"];
/// Debian's package that leads to the present kernel.
const KERNEL: &str = "linux-image-arm64:arm64";
const BUSYBOX: &str = "busybox-static:arm64";

/// What the kernel does not have built in, in the order in which it is loaded.
const MODULES: &[&str] = &[
    "virtio_mmio",
    "virtio_blk",
    "failover",
    "net_failover",
    "virtio_net",
    "crc32c_generic",
    "jbd2",
    "mbcache",
    "crc16",
    "ext4",
];
/// What dunlind is linked with, from the cross compiler's own C library.
const LIBRARIES: &[&str] = &["ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6", "libgcc_s.so.1"];
const LIBRARY_FOLDER: &str = "/usr/aarch64-linux-gnu/lib";

const INIT: &str = include_str!("board/init.sh");

/// The shortened run, with the profile that the emulated tests use anyway.
pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    play(project, "arm", FEW)
}

/// The whole one, with what boards carry.
pub(crate) fn run(project: &Project, kills: u64) -> bool {
    let kills = usize::try_from(kills).unwrap_or(usize::MAX);
    match play(project, "sdk", kills) {
        Ok(Outcome::Skipped(why)) => {
            println!("skipped: {why}");
            false
        }
        Ok(_) => true,
        Err(why) => {
            eprintln!("board: {why}");
            false
        }
    }
}

fn play(project: &Project, profile: &str, kills: usize) -> Result<Outcome, String> {
    if let Readiness::Lacking(why) = packages(project, NEEDED)? {
        return Ok(Outcome::Skipped(why));
    }
    let programs = match arm::cross_cargo(project)? {
        Ok(mut cargo) => {
            let package = ["--package", "dunlin-daemon", "--bins", "--examples"];
            show(cargo.args(["build", "--profile", profile, "--target", arm::TARGET]).args(package))?;
            project.cache.join("arm").join(arm::TARGET).join(profile)
        }
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let debian = match debian(project)? {
        Ok(folder) => folder,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let parts = project.cache.join("board").join(profile);
    root(project, &debian, &programs, &parts)?;
    show(cargo(project).args(["build", "--release", "--quiet", "--package", "dunlin-tests", "--example", "board"]))?;
    let player = target_folder(project)?.join("release/examples/board");
    show(program(project, player).arg(parts).arg(kills.to_string()))?;
    Ok(Outcome::Passed)
}

/// Debian's kernel with its modules, and busybox, unpacked in the cache; else why they cannot be had.
fn debian(project: &Project) -> Result<Result<PathBuf, String>, String> {
    let folder = project.cache.join("board/debian");
    if folder.join("bin/busybox").is_file() && kernel(&folder).is_ok() {
        return Ok(Ok(folder));
    }
    if !project.may_install {
        return Ok(Err("--no-setup: Debian's arm64 kernel is not in the cache".to_owned()));
    }
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    let depends = keep(untied(project, "apt-cache").env("LC_ALL", "C").args(["depends", KERNEL]))?;
    let image = depends.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
    let Some(image) = image else { return Ok(Err(format!("this system's apt does not offer {KERNEL}"))) };
    let image = if image.contains(':') { image.to_owned() } else { format!("{image}:arm64") };
    show(untied(project, "apt-get").args(["-q", "download", &image, BUSYBOX]).current_dir(&folder))?;
    for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, &error))?.flatten() {
        let package = entry.path();
        if package.extension().is_some_and(|ending| ending == "deb") {
            show(untied(project, "dpkg").arg("-x").args([&package, &folder]))?;
            fs::remove_file(&package).map_err(|error| failed(&package, &error))?;
        }
    }
    Ok(Ok(folder))
}

fn kernel(debian: &Path) -> Result<PathBuf, String> {
    let boot = debian.join("boot");
    let mut files = fs::read_dir(&boot).map_err(|error| failed(&boot, &error))?.flatten().map(|entry| entry.path());
    let is_kernel = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz"));
    files.find(is_kernel).ok_or_else(|| format!("{}: there is no kernel", boot.display()))
}

/// Writes the kernel and the root file system, as an archive, into `parts`.
fn root(project: &Project, debian: &Path, programs: &Path, parts: &Path) -> Result<(), String> {
    let root = parts.join("root");
    let _ = fs::remove_dir_all(&root);
    for folder in ["bin", "etc", "lib/modules", "usr/bin"] {
        fs::create_dir_all(root.join(folder)).map_err(|error| failed(&root, &error))?;
    }
    copy(&kernel(debian)?, &parts.join("vmlinuz"))?;
    copy(&debian.join("bin/busybox"), &root.join("bin/busybox"))?;
    symlink("busybox", root.join("bin/sh")).map_err(|error| failed(&root, &error))?;
    for module in MODULES {
        let name = format!("{module}.ko");
        let found = keep(untied(project, "find").arg(debian.join("lib/modules")).args(["-name", &name]))?;
        let found = found.lines().next().ok_or_else(|| format!("Debian's kernel has no {name} any more"))?;
        copy(Path::new(found), &root.join("lib/modules").join(name))?;
    }
    for library in LIBRARIES {
        copy(&Path::new(LIBRARY_FOLDER).join(library), &root.join("lib").join(library))?;
    }
    for (from, name) in [("dunlind", "dunlind"), ("examples/replay", "replay"), ("examples/follow", "follow")] {
        let to = root.join("usr/bin").join(name);
        show(untied(project, "aarch64-linux-gnu-strip").arg("-o").args([&to, &programs.join(from)]))?;
    }
    write(&root.join("etc/modules"), &MODULES.join("\n"))?;
    write(&root.join("init"), INIT)?;
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(root.join("init"), executable).map_err(|error| failed(&root, &error))?;
    let archive = "find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet | gzip -n > ../root.cpio.gz";
    show(untied(project, "sh").args(["-c", archive]).current_dir(&root))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(drop).map_err(|error| failed(from, &error))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
