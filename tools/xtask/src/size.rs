//! `cargo xtask size`: stripped sizes of the smallest program that answers, of the SDKs' libraries and of the command,
//! here and on aarch64.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::arm;
use crate::process::{cargo, keep, show, target_folder, untied};
use crate::project::Project;
use crate::report::{Outcome, Step};

pub(crate) const STEPS: &[Step] = &[Step { name: "size", run: measure }];

/// What is weighed: words for the table, what cargo builds, and the file that it makes.
struct Program {
    title: &'static str,
    profile: &'static str,
    build: &'static [&'static str],
    file: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program {
        title: "opens a bundle and predicts, without candle",
        profile: "release",
        build: &["--package", "dunlin", "--example", "predict", "--no-default-features"],
        file: "examples/predict",
    },
    Program {
        title: "the same, with candle",
        profile: "release",
        build: &["--package", "dunlin", "--example", "predict"],
        file: "examples/predict",
    },
    Program {
        title: "the library of the SDK for Android, without candle",
        profile: "sdk",
        build: &["--package", "dunlin-jni", "--no-default-features"],
        file: "libdunlin.so",
    },
    Program {
        title: "the same, with candle",
        profile: "sdk",
        build: &["--package", "dunlin-jni"],
        file: "libdunlin.so",
    },
    Program {
        title: "the library for C, without candle",
        profile: "sdk",
        build: &["--package", "dunlin-c", "--no-default-features"],
        file: "libdunlin_c.so",
    },
    Program { title: "the dunlin command", profile: "release", build: &["--package", "dunlin-cli"], file: "dunlin" },
];

fn measure(project: &Project) -> Result<Outcome, String> {
    let mut table = format!("| stripped, bytes | {} | aarch64 |\n|---|---|---|\n", std::env::consts::ARCH);
    let mut lacking = None;
    for program in PROGRAMS {
        let here = weigh(project, cargo(project), None, program)?;
        let there = match arm::cross_cargo(project)? {
            Ok(cargo) => weigh(project, cargo, Some(arm::TARGET), program)?.to_string(),
            Err(why) => {
                lacking = Some(why);
                "-".to_owned()
            }
        };
        table += &format!("| {} | {here} | {there} |\n", program.title);
    }
    println!("\n{table}");
    lacking.into_iter().for_each(|why| println!("Without aarch64: {why}"));
    Ok(Outcome::Passed)
}

/// Builds a program and gives the bytes that are left of it without symbols.
fn weigh(project: &Project, mut cargo: Command, target: Option<&str>, program: &Program) -> Result<u64, String> {
    cargo.args(["build", "--profile", program.profile]).args(program.build);
    cargo.args(target.iter().flat_map(|target| ["--target", target]));
    show(&mut cargo)?;
    let folder = match target {
        Some(target) => project.cache.join("arm").join(target),
        None => target_folder(project)?,
    };
    let strip = if target.is_some() { "aarch64-linux-gnu-strip" } else { "strip" };
    stripped(project, strip, &folder.join(program.profile).join(program.file))
}

fn stripped(project: &Project, strip: &str, program: &Path) -> Result<u64, String> {
    let copy: PathBuf = project.cache.join("stripped");
    keep(untied(project, strip).arg("-o").arg(&copy).arg(program))?;
    let size = fs::metadata(&copy).map(|file| file.len()).map_err(|error| format!("{}: {error}", copy.display()));
    let _ = fs::remove_file(&copy);
    size
}
