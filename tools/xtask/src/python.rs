//! A Python with ONNX Runtime, SciPy and river, in the cache: the oracle of the tests of conformance and of statistics.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use crate::process::{keep, show, untied};
use crate::project::Project;
use crate::setup::{Readiness, packages};

/// What those tests look for.
pub(crate) const VARIABLE: &str = "DUNLIN_PYTHON";

/// Pinned, so that a new release of the oracle is taken on purpose.
const LIBRARIES: &[&str] = &["numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.32.0", "river==0.26.1", "scipy==1.17.1"];

/// The interpreter: the developer's own, or one set up in the cache; else why there is none.
pub(crate) fn interpreter(project: &Project) -> Result<OsString, String> {
    if let Some(own) = env::var_os(VARIABLE).filter(|own| !own.is_empty()) {
        return Ok(own);
    }
    let folder = project.cache.join("python");
    let python = folder.join("bin/python");
    if !is_complete(project, &python) {
        set_up(project, &folder, &python)?;
    }
    Ok(python.into())
}

/// Whether all libraries are there, in the versions asked for.
fn is_complete(project: &Project, python: &Path) -> bool {
    let installed = keep(untied(project, python).args(["-m", "pip", "--disable-pip-version-check", "freeze"]));
    installed.is_ok_and(|installed| LIBRARIES.iter().all(|wanted| installed.lines().any(|line| line == *wanted)))
}

fn set_up(project: &Project, folder: &Path, python: &Path) -> Result<(), String> {
    if !project.may_install {
        return Err(format!("--no-setup; else set {VARIABLE} to a Python with {}", LIBRARIES.join(", ")));
    }
    if let Readiness::Lacking(why) = packages(project, &["python3-venv"])? {
        return Err(why);
    }
    println!("Setting up the oracles once, in {}", folder.display());
    show(untied(project, "python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let install = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"];
    show(untied(project, python).args(install).args(LIBRARIES))
}
