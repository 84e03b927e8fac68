//! `cargo xtask test c`: the C library's example and tests, each against the shared and the static library, under
//! valgrind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::c_cases;
use crate::c_lifecycles;
use crate::process::{cargo, keep, show, target_folder, untied};
use crate::project::Project;
use crate::report::{Counts, Outcome};
use crate::setup::{Readiness, packages};

/// Warnings of C are errors here: the header is compiled by other people's flags.
const STRICT: &[&str] = &["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-O1"];

/// What the static library needs of the system.
const SYSTEM: &[&str] = &["-lpthread", "-ldl", "-lm"];

/// A program that runs longer hangs; under valgrind a good one takes seconds.
const LIMIT_SECONDS: &str = "300";

const VALGRIND: &[&str] = &["valgrind", "--quiet", "--leak-check=full", "--error-exitcode=1"];

/// Where everything lies.
struct Bench {
    /// `bindings/c`.
    crate_folder: PathBuf,
    /// The libraries.
    built: PathBuf,
    /// Programs, headers made for them, and the folders that they write to.
    work: PathBuf,
    fixtures: PathBuf,
    /// What stands before a program.
    runner: Vec<String>,
}

pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    if let Readiness::Lacking(why) = packages(project, &["gcc", "libc6-dev"])? {
        return Ok(Outcome::Skipped(why));
    }
    // What firmware links: without candle.
    show(cargo(project).args(["build", "--release", "--package", "dunlin-c", "--no-default-features"]))?;
    let bench = Bench::new(project)?;
    make_fixtures(project, &bench)?;
    let mut counts = Counts::default();
    header_is_cpp(project, &bench, &mut counts)?;
    for program in programs(&bench)? {
        for link in [Link::Shared, Link::Static] {
            let outcome = compile(project, &bench, &program, link).and_then(|made| run(project, &bench, &made));
            match outcome {
                Ok(()) => counts.passed += 1,
                Err(why) => {
                    println!("FAILED: {why}");
                    counts.failed += 1;
                }
            }
        }
    }
    Ok(Outcome::Tests(counts))
}

#[derive(Clone, Copy, Debug)]
enum Link {
    Shared,
    Static,
}

impl Bench {
    fn new(project: &Project) -> Result<Self, String> {
        let built = target_folder(project)?.join("release");
        let work = built.join("c-tests");
        let _ = fs::remove_dir_all(&work);
        fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
        let runner = match packages(project, &["valgrind"])? {
            Readiness::Ready => {
                let known = project.root.join("bindings/c/tests/valgrind.supp");
                let known = format!("--suppressions={}", known.display());
                VALGRIND.iter().map(|word| (*word).to_owned()).chain([known]).collect()
            }
            Readiness::Lacking(why) => {
                println!("Without valgrind's look at leaks and stray reads: {why}");
                Vec::new()
            }
        };
        let (crate_folder, fixtures) = (project.root.join("bindings/c"), work.join("fixtures"));
        Ok(Self { crate_folder, built, work, fixtures, runner })
    }
}

/// The folder that the tests of every SDK read, and its cases as headers.
fn make_fixtures(project: &Project, bench: &Bench) -> Result<(), String> {
    // Its own build would select other features, and build candle anew; that of the tests has made it already, or does.
    show(cargo(project).args(["test", "--release", "--workspace", "--test", "sdk", "--no-run"]))?;
    show(untied(project, bench.built.join("sdk_fixture")).arg(&bench.fixtures))?;
    let file = bench.fixtures.join("cases.json");
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let cases = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    for (name, header) in [("cases.h", c_cases::header(&cases)?), ("lifecycles.h", c_lifecycles::header(&cases)?)] {
        let path = bench.work.join(name);
        fs::write(&path, header).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// The example and the tests, in order.
fn programs(bench: &Bench) -> Result<Vec<PathBuf>, String> {
    let mut found = vec![bench.crate_folder.join("examples/predict.c")];
    let tests = bench.crate_folder.join("tests");
    let entries = fs::read_dir(&tests).map_err(|error| format!("{}: {error}", tests.display()))?;
    let mut sources: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    sources.sort();
    found.extend(sources);
    Ok(found)
}

/// Headers are read by C++ compilers too.
fn header_is_cpp(project: &Project, bench: &Bench, counts: &mut Counts) -> Result<(), String> {
    if let Readiness::Lacking(why) = packages(project, &["g++"])? {
        println!("Without a look at the header by a C++ compiler: {why}");
        counts.skipped += 1;
        return Ok(());
    }
    let mut compiler = untied(project, "g++");
    compiler.args(["-fsyntax-only", "-x", "c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-pedantic"]);
    show(compiler.arg(bench.crate_folder.join("include/dunlin.h")))?;
    counts.passed += 1;
    Ok(())
}

fn compile(project: &Project, bench: &Bench, source: &Path, link: Link) -> Result<PathBuf, String> {
    let name = source.file_stem().unwrap_or_default().to_string_lossy();
    let program = bench.work.join(format!("{name}-{link:?}").to_lowercase());
    let mut compiler = untied(project, "gcc");
    compiler.args(STRICT).arg("-I").arg(bench.crate_folder.join("include")).arg("-I").arg(&bench.work);
    compiler.arg(source).arg("-o").arg(&program);
    link_with(&mut compiler, &bench.built, link);
    show(&mut compiler)?;
    Ok(program)
}

fn link_with(compiler: &mut Command, built: &Path, link: Link) {
    match link {
        Link::Shared => {
            let search = format!("-Wl,-rpath,{}", built.display());
            compiler.arg(search).arg("-L").arg(built).arg("-ldunlin_c")
        }
        Link::Static => compiler.arg(built.join("libdunlin_c.a")),
    };
    compiler.args(SYSTEM);
}

/// The example takes its own arguments, a test the fixtures and an empty folder.
fn run(project: &Project, bench: &Bench, program: &Path) -> Result<(), String> {
    let folder = program.with_extension("folder");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut command = untied(project, "timeout");
    command.arg(LIMIT_SECONDS).args(&bench.runner).arg(program);
    if program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("predict-")) {
        command.arg(&folder).arg(public_key(bench)?).arg(bench.fixtures.join("digits-1.0.0.dunlin"));
        let printed = keep(&mut command)?;
        println!("{} prints: {}", program.display(), printed.trim());
        return if printed.starts_with("8 (") { Ok(()) } else { Err(format!("the example prints {printed}")) };
    }
    println!("{}", program.display());
    show(command.arg(&bench.fixtures).arg(&folder))
}

/// The line of the demo's public key that firmware would hold as a literal.
fn public_key(bench: &Bench) -> Result<String, String> {
    let file = bench.fixtures.join("demo.pub");
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let line = text.lines().find(|line| line.starts_with("RW"));
    line.map(str::to_owned).ok_or_else(|| format!("{} holds no key", file.display()))
}
