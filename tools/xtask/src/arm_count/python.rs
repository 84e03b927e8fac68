//! A Python for aarch64 with the peers in it, unpacked into the cache and run by the emulator.

use std::fs;
use std::path::{Path, PathBuf};

use super::core::Core;
use super::emulator::{self, Emulator};
use crate::process::{keep, untied};
use crate::project::Project;
use crate::python;

/// Debian's interpreter and the libraries that it and the peers load.
const DEBS: &[&str] = &[
    "libbz2-1.0:arm64",
    "libexpat1:arm64",
    "libffi8:arm64",
    "libgcc-s1:arm64",
    "liblzma5:arm64",
    "libpython3.11-minimal:arm64",
    "libpython3.11-stdlib:arm64",
    "libssl3:arm64",
    "libstdc++6:arm64",
    "python3.11-minimal:arm64",
    "zlib1g:arm64",
];

/// The peers, and what they import when a model is run.
const LIBRARIES: &[&str] = &["ai-edge-litert==2.3.0", "flatbuffers==25.12.19", "numpy==2.4.6", "onnxruntime==1.32.0"];

const PLATFORMS: &[&str] = &["manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64"];

pub(super) struct ForeignPython {
    folder: PathBuf,
    script: PathBuf,
    emulator: Emulator,
}

impl ForeignPython {
    pub(super) fn make(project: &Project, emulator: &Emulator) -> Result<Self, String> {
        let folder = project.cache.join("arm-python");
        let complete = folder.join("complete");
        if fs::read_to_string(&complete).unwrap_or_default() != LIBRARIES.join("\n") {
            if !project.may_install {
                return Err("--no-setup: no Python for aarch64".to_owned());
            }
            println!("Setting up a Python for aarch64 once, in {}", folder.display());
            let _ = fs::remove_dir_all(&folder);
            emulator::unpack(project, DEBS, &folder)?;
            install(project, &folder)?;
            fs::write(&complete, LIBRARIES.join("\n")).map_err(|error| format!("{}: {error}", complete.display()))?;
        }
        let script = project.root.join("tools/xtask/python/burst.py");
        Ok(Self { folder, script, emulator: emulator.clone() })
    }

    /// Instructions of an inference of a model in `engine`.
    pub(super) fn count(&self, core: &Core, engine: &str, model: &Path) -> Result<u64, String> {
        let root = self.folder.join("root");
        let of_root = |folder: &str| root.join(folder).to_string_lossy().into_owned();
        let libraries = ["usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu"].map(of_root).join(":");
        let site = self.folder.join("site").to_string_lossy().into_owned();
        let variables = [
            ("PYTHONHOME", of_root("usr")),
            ("PYTHONPATH", site),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ("LD_LIBRARY_PATH", libraries),
        ];
        let mut run = self.emulator.command(core, &root.join("usr/bin/python3.11"), &variables);
        run.arg(&self.script).arg(engine).arg(model);
        emulator::count(run)
    }
}

/// Wheels of the other architecture: pip on this one may only fetch them, and they are unpacked as they are.
fn install(project: &Project, folder: &Path) -> Result<(), String> {
    let site = folder.join("site");
    let mut pip = untied(project, python::peers(project)?);
    pip.args(["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]);
    pip.args(["--python-version", "3.11", "--implementation", "cp", "--target"]).arg(site);
    for platform in PLATFORMS {
        pip.args(["--platform", platform]);
    }
    keep(pip.args(LIBRARIES)).map(drop)
}
