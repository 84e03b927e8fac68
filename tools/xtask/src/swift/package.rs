//! What the Swift package needs besides its own sources: the generated ones, the library, and what its tests run against.

use std::fs;
use std::path::{Path, PathBuf};

use super::stage::{copy_if_changed, mirror};
use crate::process::{cargo, show, target_folder, untied};
use crate::project::Project;
use crate::report::Outcome;

/// The library's name in every language.
const LIBRARY: &str = "dunlin_uniffi";

/// Of a device, and of its simulator on Macs of both kinds.
const DEVICE: &str = "aarch64-apple-ios";
const SIMULATORS: [&str; 2] = ["aarch64-apple-ios-sim", "x86_64-apple-ios"];
/// A Mac's own, for `swift test`.
const MACS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];

/// Puts everything that `swift test` reads below `workplace`: ios/, lib/, bin/, fixture/.
pub(super) fn stage(project: &Project, workplace: &Path) -> Result<(), String> {
    let built = build_library(project)?.join(format!("lib{LIBRARY}"));
    let generated = workplace.join("generated");
    generate(project, &built.with_extension("so"), &generated)?;
    let package = workplace.join("ios");
    copy_if_changed(&project.root.join("ios/Package.swift"), &package.join("Package.swift"))?;
    for folder in ["Sources", "Tests"] {
        mirror(&project.root.join("ios").join(folder), &package.join(folder))?;
    }
    place_generated(&generated, &package.join("Generated"))?;
    let archive = workplace.join("lib").join(format!("lib{LIBRARY}.a"));
    copy_if_changed(&built.with_extension("a"), &archive)?;
    show(cargo(project).args(["build", "--release", "--package", "dunlin-cli"]))?;
    copy_if_changed(&target_folder(project)?.join("release/dunlin"), &workplace.join("bin/dunlin"))?;
    let mut fixture = cargo(project);
    fixture.args(["run", "--release", "--package", "dunlin-tests", "--bin", "sdk_fixture", "--"]);
    show(fixture.arg(workplace.join("fixture")))
}

/// Builds the library alone, since with the whole workspace it would get the generator's features; returns its folder.
fn build_library(project: &Project) -> Result<PathBuf, String> {
    show(cargo(project).args(["build", "--release", "--package", "dunlin-uniffi"]))?;
    Ok(target_folder(project)?.join("release"))
}

fn generate(project: &Project, library: &Path, folder: &Path) -> Result<(), String> {
    let mut generate = cargo(project);
    generate.args(["run", "--release", "--package", "dunlin-bindgen", "--", "generate", "--no-format"]);
    show(generate.args(["--language", "swift", "--out-dir"]).arg(folder).arg(library))
}

/// The generated files as the package's manifest expects them.
fn place_generated(generated: &Path, package: &Path) -> Result<(), String> {
    for (from, to) in [
        ("DunlinGenerated.swift", "DunlinGenerated/DunlinGenerated.swift"),
        ("DunlinFFI.h", "DunlinFFI/DunlinFFI.h"),
        ("DunlinFFI.modulemap", "DunlinFFI/module.modulemap"),
    ] {
        copy_if_changed(&generated.join(from), &package.join(to))?;
    }
    Ok(())
}

/// On a Mac with Xcode: makes ios/Frameworks/DunlinFFI.xcframework and ios/Generated. Not run by any test.
pub(crate) fn xcframework(project: &Project) -> Result<Outcome, String> {
    if !cfg!(target_os = "macos") {
        return Ok(Outcome::Skipped("an XCFramework is made by Xcode, on a Mac".to_owned()));
    }
    let ios = project.root.join("ios");
    let work = target_folder(project)?.join("xcframework");
    let host = build_library(project)?.join(format!("lib{LIBRARY}.dylib"));
    generate(project, &host, &work.join("generated"))?;
    place_generated(&work.join("generated"), &ios.join("Generated"))?;
    // In a folder of the module's name: two frameworks with a module map at the top would overwrite each other's.
    let headers = work.join("headers");
    mirror(&ios.join("Generated/DunlinFFI"), &headers.join("DunlinFFI"))?;
    let framework = ios.join("Frameworks/DunlinFFI.xcframework");
    if framework.exists() {
        fs::remove_dir_all(&framework).map_err(|error| format!("{}: {error}", framework.display()))?;
    }
    let mut create = untied(project, "xcodebuild");
    create.arg("-create-xcframework");
    for archive in [archive(project, DEVICE)?, both(project, &work, SIMULATORS)?, both(project, &work, MACS)?] {
        create.arg("-library").arg(archive).arg("-headers").arg(&headers);
    }
    show(create.arg("-output").arg(&framework))?;
    Ok(Outcome::Passed)
}

/// The static library for one of Apple's targets, for the oldest system that the package promises.
fn archive(project: &Project, target: &str) -> Result<PathBuf, String> {
    let mut build = cargo(project);
    build.env("IPHONEOS_DEPLOYMENT_TARGET", "15.0").env("MACOSX_DEPLOYMENT_TARGET", "12.0");
    show(build.args(["build", "--release", "--package", "dunlin-uniffi", "--no-default-features", "--target", target]))
        .map_err(|why| format!("{why}; is it installed? rustup target add {target}"))?;
    Ok(target_folder(project)?.join(target).join("release").join(format!("lib{LIBRARY}.a")))
}

/// One static library for both kinds of Mac.
fn both(project: &Project, work: &Path, targets: [&str; 2]) -> Result<PathBuf, String> {
    let joined = work.join(targets[0]).join(format!("lib{LIBRARY}.a"));
    fs::create_dir_all(joined.with_file_name("")).map_err(|error| format!("{}: {error}", joined.display()))?;
    let mut lipo = untied(project, "lipo");
    lipo.arg("-create");
    for target in targets {
        lipo.arg(archive(project, target)?);
    }
    show(lipo.arg("-output").arg(&joined))?;
    Ok(joined)
}
