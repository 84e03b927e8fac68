//! A rollout with one bad release over many simulated devices: builds the players, and lets them play.

use crate::process::{cargo, program, show, target_folder};
use crate::project::Project;

/// Tells whether it went to its end; the timeline goes to the output as it comes.
pub(crate) fn run(project: &Project, devices: u64) -> bool {
    let played = play(project, devices);
    if let Err(why) = &played {
        eprintln!("drill: {why}");
    }
    played.is_ok()
}

fn play(project: &Project, devices: u64) -> Result<(), String> {
    show(cargo(project).args(["build", "--release", "--quiet", "--workspace", "--example", "drill"]))?;
    let players = target_folder(project)?.join("release/examples/drill");
    show(program(project, players).arg(devices.to_string()))
}
