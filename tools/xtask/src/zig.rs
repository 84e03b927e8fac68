//! A cargo that builds static programs with musl: the standard library from source, and zig as the C compiler and linker.

use std::path::Path;
use std::process::Command;

use crate::process::{keep, program, untied};
use crate::project::Project;
use crate::setup::{Readiness, packages};
use crate::{arm, python};

/// To look at what was built, and to run it.
const TOOLS: &[&str] = &["binutils", "qemu-user-static"];

/// Debian's own Rust, with the source of its standard library.
const DEBIAN_RUST: &[&str] = &["rustc-web", "cargo-web", "rust-web-src"];

/// `cargo rustc`, into a target folder of its own, which lacks the package and the target; else what is lacking.
pub(crate) fn cargo(project: &Project) -> Result<Result<Command, String>, String> {
    if let Readiness::Lacking(why) = packages(project, TOOLS)? {
        return Ok(Err(why));
    }
    let path = match packages(project, DEBIAN_RUST)? {
        Readiness::Ready => Some(arm::DEBIAN_PATH),
        Readiness::Lacking(_) if has_source(project) => None,
        Readiness::Lacking(why) => return Ok(Err(format!("{why} (or, with rustup: rustup component add rust-src)"))),
    };
    let python = match python::zig(project) {
        Ok(python) => python,
        Err(why) => return Ok(Err(format!("no zig: {why}"))),
    };
    let mut cargo = untied(project, Path::new(&python).with_file_name("cargo-zigbuild"));
    cargo.envs(path.map(|path| ("PATH", path)));
    // Zig lies in that Python, where nothing would look for it.
    cargo.env("CARGO_ZIGBUILD_PYTHON_PATH", python).env("CARGO_TARGET_DIR", project.cache.join("musl"));
    // A stable compiler builds the standard library only when told that it may.
    cargo.env("RUSTC_BOOTSTRAP", "1").args(["rustc", "-Zbuild-std=std,panic_unwind"]);
    Ok(Ok(cargo))
}

/// Of the toolchain on PATH.
fn has_source(project: &Project) -> bool {
    keep(program(project, "rustc").args(["--print", "sysroot"]))
        .is_ok_and(|sysroot| Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library").is_dir())
}
