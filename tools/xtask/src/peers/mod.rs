//! `cargo xtask bench --peers`: Dunlin, candle, ONNX Runtime and LiteRT on the same models, interleaved; writes
//! docs/benchmarks.md.

mod contest;
mod engine;
mod extra;
mod prepare;
mod rounds;
mod starts;
mod table;
mod workload;

use crate::document;
use crate::process::keep;
use crate::project::Project;
use crate::python;
use contest::Contest;
pub(crate) use prepare::{FORMS, Prepared};
pub(crate) use workload::{PRECISIONS, Precision, WORKLOADS, Workload};

pub(crate) const DOCUMENT: &str = "docs/benchmarks.md";

/// Measures and rewrites the tables. `rounds` is how many bursts each engine runs of each model.
pub(crate) fn run(project: &Project, rounds: u64) -> bool {
    match measure(project, rounds) {
        Ok(()) => true,
        Err(why) => {
            eprintln!("bench --peers: {why}");
            false
        }
    }
}

fn measure(project: &Project, rounds: u64) -> Result<(), String> {
    let prepared = Prepared::make(project)?;
    let mut contest = Contest::gather(&prepared);
    contest.run(rounds)?;
    // Written as they come: the rest takes its time.
    write(project, "where", &place(project, rounds)?)?;
    write(project, "speed", &table::speed(&contest))?;
    drop(contest);
    write(project, "size", &prepared.sizes()?)?;
    write(project, "overhead", &extra::overhead(&prepared)?)?;
    write(project, "encoder", &extra::encoder(&prepared)?)?;
    write(project, "start", &table::starts(&starts::measure(&prepared)))
}

fn write(project: &Project, name: &str, text: &str) -> Result<(), String> {
    println!("\n{text}");
    document::rewrite(project, DOCUMENT, "bench", name, text)
}

/// What was measured where and when.
fn place(project: &Project, rounds: u64) -> Result<String, String> {
    let processor = std::fs::read_to_string("/proc/cpuinfo").map_err(|error| format!("/proc/cpuinfo: {error}"))?;
    let field = |name: &str| {
        let line = processor.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let flags = field("flags").unwrap_or_default();
    let flags: Vec<&str> =
        flags.split(' ').filter(|flag| ["avx2", "fma", "avx512f", "avx512_vnni"].contains(flag)).collect();
    let day = keep(crate::process::program(project, "date").arg("+%Y-%m-%d"))?;
    Ok(format!(
        "Measured on {} by `cargo xtask bench --peers` on: {} ({}). Against {}. {rounds} rounds.",
        day.trim(),
        field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        flags.join(", "),
        python::peer_versions(),
    ))
}
