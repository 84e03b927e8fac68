//! Debian's Swift in a folder of the cache: a small Debian of its own, set up once.

use std::path::PathBuf;
use std::process::Command;

use crate::process::{keep, show, untied};
use crate::project::Project;
use crate::setup::{Readiness, packages};

/// The Debian that has a Swift.
const SUITE: &str = "trixie";

/// The compiler, and what Foundation and the library are linked against.
const INSTALLED: &str = "swiftlang libstdc++-14-dev libc6-dev libcurl4t64 git ca-certificates";

/// Build and tests take a minute on an idle machine; a test that hangs must not hang for ever.
const LIMIT_SECONDS: &str = "1800";

/// Mounts in a name space of this process alone: they are gone with it, however it ends.
const PRIVATE_MOUNTS: &[&str] = &["--mount", "--propagation", "private"];

/// And processes too: a server that a test has left goes with the test.
const PRIVATE_PROCESSES: &[&str] = &["--pid", "--fork", "--kill-child"];

/// Enters the folder `$1` and runs the script `$2` in its /build, in an environment that says nothing of this machine.
const ENTER: &str = r#"set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
exec chroot "$1" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    DUNLIN_SDK_FIXTURE=/build/fixture DUNLIN_COMMAND=/build/bin/dunlin sh -c "mkdir -p /build && cd /build && $2""#;

/// A Swift that is there.
pub(super) struct Swift {
    root: PathBuf,
}

impl Swift {
    /// Finds it in the cache or sets it up there; else why there is none.
    pub(super) fn ready(project: &Project) -> Result<Result<Self, String>, String> {
        let swift = Self { root: project.cache.join("swift") };
        if !keep(untied(project, "id").arg("-u")).is_ok_and(|id| id.trim() == "0") {
            return Ok(Err("Debian's Swift is run in a folder of its own (chroot), which needs root".to_owned()));
        }
        if let Err(why) = keep(untied(project, "unshare").args(PRIVATE_MOUNTS).args(PRIVATE_PROCESSES).arg("true")) {
            return Ok(Err(format!("no mounts of its own can be made here: {why}")));
        }
        if keep(&mut swift.inside(project, "swift --version")).is_ok() {
            return Ok(Ok(swift));
        }
        if let Readiness::Lacking(why) = packages(project, &["debootstrap"])? {
            return Ok(Err(why));
        }
        if !project.may_install {
            return Ok(Err("--no-setup; else 3 GB are set up in the cache once".to_owned()));
        }
        let Some(mirror) = mirror(project) else {
            return Ok(Err("apt names no mirror of Debian's to set up a Swift from".to_owned()));
        };
        Ok(swift.set_up(project, &mirror).map(|()| swift))
    }

    /// Where the package and what it is tested against are put; `/build` inside.
    pub(super) fn workplace(&self) -> PathBuf {
        self.root.join("build")
    }

    /// A script run inside, in /build.
    pub(super) fn inside(&self, project: &Project, script: &str) -> Command {
        let mut command = untied(project, "timeout");
        command.args(["--kill-after=10", LIMIT_SECONDS, "unshare"]).args(PRIVATE_MOUNTS).args(PRIVATE_PROCESSES);
        command.args(["sh", "-c", ENTER, "sh"]).arg(&self.root).arg(script);
        command
    }

    /// Into a folder beside, which takes its name when it is whole: an interrupted setup is begun anew.
    fn set_up(&self, project: &Project, mirror: &str) -> Result<(), String> {
        println!("Setting up Debian {SUITE} with Swift once, about 3 GB, in {}", self.root.display());
        let begun = Self { root: self.root.with_extension("part") };
        // Whatever somebody has mounted in there is not ours to delete.
        let mut remove = untied(project, "rm");
        keep(remove.args(["--recursive", "--force", "--one-file-system"]).args([&begun.root, &self.root]))?;
        let mut debootstrap = untied(project, "unshare");
        debootstrap.args(PRIVATE_MOUNTS).args(["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE]);
        show(debootstrap.arg(&begun.root).arg(mirror))?;
        let install =
            format!("apt-get -q update && apt-get -q -y --no-install-recommends install {INSTALLED} && apt-get clean");
        show(&mut begun.inside(project, &install))?;
        keep(&mut begun.inside(project, "swift --version"))?;
        std::fs::rename(&begun.root, &self.root).map_err(|error| format!("{}: {error}", self.root.display()))
    }
}

/// The mirror that apt is configured with, as apt itself reads its sources.
fn mirror(project: &Project) -> Option<String> {
    let mut targets = untied(project, "apt-get");
    targets.args([
        "indextargets",
        "--format",
        "$(REPO_URI)",
        "Created-By: Packages",
        "Origin: Debian",
        "Label: Debian",
    ]);
    keep(&mut targets).ok()?.lines().map(str::trim).find(|uri| uri.starts_with("http")).map(str::to_owned)
}
