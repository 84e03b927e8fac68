//! That the library for Android, built for aarch64, can be loaded where a page has 16 KB.

use std::path::Path;

use crate::arm;
use crate::process::{keep, show, untied};
use crate::project::Project;
use crate::report::Outcome;

/// What Android 15 asks of 64-bit libraries.
const PAGE: u64 = 16_384;

pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    let mut cargo = match arm::cross_cargo(project)? {
        Ok(cargo) => cargo,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    cargo.args([
        "build",
        "--profile",
        "arm",
        "--target",
        arm::TARGET,
        "--package",
        "dunlin-jni",
        "--no-default-features",
    ]);
    show(&mut cargo)?;
    let library = project.cache.join("arm").join(arm::TARGET).join("arm/libdunlin.so");
    let headers =
        keep(untied(project, "aarch64-linux-gnu-readelf").args(["--program-headers", "--wide"]).arg(&library))?;
    judge(&library, &alignments(&headers))?;
    Ok(Outcome::Passed)
}

fn judge(library: &Path, alignments: &[Option<u64>]) -> Result<(), String> {
    let wrong = alignments.iter().find(|alignment| alignment.is_none_or(|a| a < PAGE));
    match (alignments.is_empty(), wrong) {
        (true, _) => Err(format!("{}: readelf names no segment that is loaded", library.display())),
        (false, Some(wrong)) => Err(format!(
            "{}: a segment is aligned to {wrong:?} bytes, {PAGE} are needed: bindings/jni/build.rs",
            library.display()
        )),
        (false, None) => {
            println!("{}: {} segments, each aligned to {PAGE} bytes or more", library.display(), alignments.len());
            Ok(())
        }
    }
}

/// The alignment of each segment that is loaded: the last column of its line.
fn alignments(headers: &str) -> Vec<Option<u64>> {
    let hexadecimal = |word: &str| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok();
    let loaded = headers.lines().filter(|line| line.trim_start().starts_with("LOAD "));
    loaded.map(|line| line.split_whitespace().last().and_then(hexadecimal)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_for_smaller_pages_is_found_out() {
        let line = |kind: &str, alignment: &str| {
            format!(
                "  {kind}           0x000000 0x0000000000000000 0x0000000000000000 0x414f98 0x414f98 R E {alignment}\n"
            )
        };
        let good = line("LOAD", "0x4000") + &line("LOAD", "0x10000") + &line("NOTE", "0x4");
        assert_eq!(alignments(&good), [Some(0x4000), Some(0x10000)]);
        let library = Path::new("libdunlin.so");
        assert_eq!(judge(library, &alignments(&good)), Ok(()));
        for bad in [line("LOAD", "0x4000") + &line("LOAD", "0x1000"), line("LOAD", "none"), String::new()] {
            assert!(judge(library, &alignments(&bad)).is_err(), "{bad:?}");
        }
    }
}
