//! The daemon's unit, as systemd itself reads it, in the root folder that a package was installed into.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::process::{keep, untied};
use crate::project::Project;
use crate::report::Outcome;

const UNIT: &str = "dunlind.service";

/// The first systemd that looks at units below another root.
const OLDEST_SYSTEMD: u32 = 250;

/// Highest exposure, in tenths of what `systemd-analyze security` calls it: the unit has 1.2.
const EXPOSURE: &str = "15";

/// Where the host's own targets lie.
const UNITS: &str = "usr/lib/systemd/system";

pub(crate) fn check(project: &Project, root: &Path) -> Result<Outcome, String> {
    let analyze = || untied(project, "systemd-analyze");
    let version = keep(analyze().arg("--version")).ok().as_deref().and_then(release);
    if version.is_none_or(|version| version < OLDEST_SYSTEMD) {
        return Ok(Outcome::Skipped(format!(
            "packed, but its unit is not checked: no systemd-analyze of {OLDEST_SYSTEMD} or later"
        )));
    }
    furnish(root).map_err(|error| format!("{}: {error}", root.display()))?;
    let below = format!("--root={}", root.display());
    without_complaint(analyze().args(["verify", "--man=no", &below, UNIT]))?;
    let threshold = format!("--threshold={EXPOSURE}");
    let exposure = keep(analyze().args(["security", "--no-pager", "--offline=true", &below, &threshold, UNIT]))?;
    println!("{}", exposure.lines().last().unwrap_or_default());
    Ok(Outcome::Passed)
}

/// Of `systemd 252 (252.39-1~deb12u1)`.
fn release(version: &str) -> Option<u32> {
    version.split_whitespace().nth(1)?.parse().ok()
}

/// What the unit names and another package brings: the targets, and the programs that it starts.
fn furnish(root: &Path) -> std::io::Result<()> {
    let (from, to) = (Path::new("/").join(UNITS), root.join(UNITS));
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "target") && entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    let kill = root.join("usr/bin/kill");
    fs::write(&kill, "#!/bin/sh\n")?;
    fs::set_permissions(&kill, fs::Permissions::from_mode(0o755))?;
    symlink("usr/bin", root.join("bin"))
}

/// It ends well even where it does not know a key, and says so only in words.
fn without_complaint(verify: &mut Command) -> Result<(), String> {
    let output = verify.output().map_err(|error| format!("systemd-analyze: {error}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && complaint.trim().is_empty() {
        return Ok(());
    }
    Err(format!("systemd takes offence at {UNIT} ({}): {}", output.status, complaint.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemds_release_is_the_second_word() {
        assert_eq!(release("systemd 252 (252.39-1~deb12u1)\n+PAM +AUDIT"), Some(252));
        assert_eq!(release("no systemd"), None);
    }

    #[test]
    fn a_complaint_is_a_failure_also_where_the_program_ends_well() {
        assert_eq!(without_complaint(&mut Command::new("true")), Ok(()));
        let complains = without_complaint(Command::new("sh").args(["-c", "echo Unknown key >&2"]));
        assert!(complains.is_err_and(|why| why.contains("Unknown key")));
        assert!(without_complaint(&mut Command::new("false")).is_err());
    }
}
