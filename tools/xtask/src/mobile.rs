//! Type-checks what phones load for Android and iOS, where no NDK and no Xcode is at hand: nothing is linked, and no C is compiled.

use std::path::Path;

use crate::process::{cargo, keep, program, show};
use crate::project::Project;
use crate::report::Outcome;

const TARGETS: &[&str] = &["aarch64-linux-android", "aarch64-apple-ios"];

/// What the app's library is made of.
const PACKAGES: &[&str] = &["dunlin-uniffi", "dunlin-jni"];

pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    let sysroot = keep(program(project, "rustc").args(["--print", "sysroot"]))?;
    if !Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library").is_dir() {
        return Ok(Outcome::Skipped("no source of the standard library: rustup component add rust-src".to_owned()));
    }
    let mut check = cargo(project);
    // The standard library is checked too, since no built one is there, which a stable compiler does only when told so.
    check.env("RUSTC_BOOTSTRAP", "1").args(["check", "-Zbuild-std=std,panic_unwind", "--no-default-features"]);
    check.env("CARGO_TARGET_DIR", project.cache.join("mobile"));
    // Any folder will do for Apple's headers, where nothing reads them.
    check.env("SDKROOT", &project.cache);
    for target in TARGETS {
        // SQLite's build is told that its C is compiled: a check needs no object.
        let name = target.replace('-', "_");
        check.env(format!("CC_{name}"), "true").env(format!("AR_{name}"), "true").args(["--target", target]);
    }
    for package in PACKAGES {
        check.args(["--package", package]);
    }
    show(&mut check)?;
    Ok(Outcome::Passed)
}
