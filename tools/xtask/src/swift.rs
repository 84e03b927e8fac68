//! The Swift SDK: its sources generated, its package built, and its tests run against the real library.

mod chroot;
mod package;
mod snippet;
mod stage;
mod xctest;

use crate::process::show;
use crate::project::Project;
use crate::report::Outcome;

pub(crate) use package::xcframework;

pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    snippet::check(project)?;
    let swift = match chroot::Swift::ready(project)? {
        Ok(swift) => swift,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    package::stage(project, &swift.workplace())?;
    let link = "-Xlinker -L/build/lib";
    show(&mut swift.inside(project, &format!("cd ios && swift build --build-tests {link}")))?;
    xctest::count(&mut swift.inside(project, &format!("cd ios && swift test --skip-build {link}")))
}
