//! The figures of a measurement for people.

use dunlin_bench::Figures;

use crate::output::{facts, table};

/// Two tables.
pub(super) fn text(figures: &Figures) -> String {
    let batch = if figures.batch == 1 { String::new() } else { format!(" of {} records", figures.batch) };
    let sessions = if figures.threads == 1 { String::new() } else { format!(", {} at once", figures.threads) };
    let of_plan = |what: Option<usize>, unit: &str| what.map_or("-".to_owned(), |what| format!("{what}{unit}"));
    let facts = facts([
        ("model", figures.model.clone()),
        ("kernels", figures.kernels.clone()),
        ("inference", format!("{} median, {} p99{batch}{sessions}", time(figures.median_us), time(figures.p99_us))),
        ("CPU time of one", time(figures.cpu_us)),
        ("load", time(figures.load_us as f64)),
        ("first answer", time(figures.first_us as f64)),
        ("peak memory", figures.peak_rss_kb.map_or("-".to_owned(), |kb| format!("{kb} KiB"))),
        ("arena", of_plan(figures.arena_bytes, " bytes a session")),
        ("packed weights", of_plan(figures.packed_bytes, " bytes, shared by all sessions")),
        ("ops without a kernel", of_plan(figures.fallback_ops, "")),
    ]);
    if figures.steps.is_empty() {
        return facts.to_string();
    }
    let steps = figures.steps.iter().map(|step| {
        let rate = step.gmacs.map_or("-".to_owned(), |rate| format!("{rate:.1}"));
        [step.op.clone(), step.kernel.clone(), step.macs.to_string(), format!("{:.2}", step.us), rate]
    });
    format!("{facts}\n\n{}", table(["step", "kernel", "MACs", "µs", "GMAC/s"], steps))
}

fn time(microseconds: f64) -> String {
    match microseconds {
        us if us < 1e3 => format!("{us:.1} µs"),
        us => format!("{:.2} ms", us / 1e3),
    }
}
