//! Pythons with pinned libraries in the cache: the oracles of tests, the engines measured against, tools that come that way.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use crate::process::{keep, show, untied};
use crate::project::Project;
use crate::setup::{Readiness, packages};

/// Where those tests look for theirs.
pub(crate) const VARIABLE: &str = "DUNLIN_PYTHON";

/// Pinned, so that a new release of the oracle is taken on purpose.
const ORACLES: &[&str] = &["numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.32.0", "river==0.26.1", "scipy==1.17.1"];

/// Pinned, so that a measurement can be repeated.
const PEERS: &[&str] = &["ai-edge-litert==2.3.0", "numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.32.0"];

/// Zig as a C compiler and linker, and what hands it to cargo. Pinned, so that a static program is the same next year.
const ZIG: &[&str] = &["cargo-zigbuild==0.24.1", "ziglang==0.17.1"];

/// The rules of CycloneDX, and what checks a document by them.
const CYCLONEDX: &[&str] = &["cyclonedx-python-lib==11.12.0", "jsonschema==4.26.0", "referencing==0.37.0"];

/// ONNX Runtime, SciPy and river, the oracle of the tests of conformance and of statistics: the developer's own
/// interpreter, or one set up in the cache; else why there is none.
pub(crate) fn interpreter(project: &Project) -> Result<OsString, String> {
    if let Some(own) = env::var_os(VARIABLE).filter(|own| !own.is_empty()) {
        return Ok(own);
    }
    let remedy = format!("; else set {VARIABLE} to a Python with {}", ORACLES.join(", "));
    in_cache(project, "python", ORACLES).map_err(|why| why + &remedy)
}

/// ONNX Runtime and LiteRT, for measuring.
pub(crate) fn peers(project: &Project) -> Result<OsString, String> {
    in_cache(project, "peers", PEERS)
}

/// Zig; beside the interpreter stands cargo-zigbuild.
pub(crate) fn zig(project: &Project) -> Result<OsString, String> {
    in_cache(project, "zig", ZIG)
}

/// What judges a bill of materials.
pub(crate) fn cyclonedx(project: &Project) -> Result<OsString, String> {
    in_cache(project, "cyclonedx", CYCLONEDX)
}

/// The versions of the engines compared with.
pub(crate) fn peer_versions() -> String {
    let engines =
        PEERS.iter().filter(|library| ["ai-edge-litert", "onnxruntime"].iter().any(|e| library.starts_with(e)));
    engines.map(|library| library.replace("==", " ")).collect::<Vec<_>>().join(", ")
}

fn in_cache(project: &Project, name: &str, libraries: &[&str]) -> Result<OsString, String> {
    let folder = project.cache.join(name);
    let python = folder.join("bin/python");
    if !is_complete(project, &python, libraries) {
        set_up(project, &folder, &python, libraries)?;
    }
    Ok(python.into())
}

/// Whether all libraries are there, in the versions asked for.
fn is_complete(project: &Project, python: &Path, libraries: &[&str]) -> bool {
    let installed = keep(untied(project, python).args(["-m", "pip", "--disable-pip-version-check", "freeze"]));
    installed.is_ok_and(|installed| libraries.iter().all(|wanted| installed.lines().any(|line| line == *wanted)))
}

fn set_up(project: &Project, folder: &Path, python: &Path, libraries: &[&str]) -> Result<(), String> {
    if !project.may_install {
        return Err("--no-setup".to_owned());
    }
    if let Readiness::Lacking(why) = packages(project, &["python3-venv"])? {
        return Err(why);
    }
    println!("Setting up {} once, in {}", libraries.join(", "), folder.display());
    show(untied(project, "python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let install = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"];
    show(untied(project, python).args(install).args(libraries))
}
