//! A budget for people: one table a question, each figure with how it is known.

use super::args::Promise;
use super::figures::{Budget, Flash, Limit, Memory, Uploads, Writes};
use crate::output::table;

type Line = [String; 3];

/// Everything, in the order of what a board runs out of first.
pub(super) fn text(budget: &Budget) -> String {
    let asked = &budget.asked;
    let promise = if asked.durability == Promise::Sync { "sync" } else { "batched" };
    let mut text = format!(
        "{} at {} records a second, {promise}, {} at a time. Measured on {}, {}.",
        budget.model,
        asked.rate_hz,
        counted(u64::from(asked.connections), "connection"),
        budget.architecture,
        budget.kernels,
    );
    if budget.records_a_second_here < asked.rate_hz {
        text.push_str(&format!(
            "\nThis machine answers about {} a second: it could not keep up.",
            budget.records_a_second_here
        ));
    }
    for (name, lines) in [
        ("memory", memory(&budget.memory)),
        ("flash", flash(&budget.flash)),
        ("written to flash", writes(&budget.writes)),
        ("sent", uploads(&budget.uploads)),
    ] {
        text.push_str(&format!("\n\n{}", table([name, "", "how it is known"], lines)));
    }
    budget.limits.iter().for_each(|limit| text.push_str(&format!("\n{}", verdict(limit))));
    text
}

fn memory(memory: &Memory) -> Vec<Line> {
    let plan = |bytes: Option<u64>| bytes.map_or("not known".to_owned(), size);
    vec![
        line("at most", plan(memory.peak_bytes), "measured: resident, with installing, a full page cache, TLS"),
        line("while an update is tried", plan(memory.peak_while_updating_bytes), "computed: and another version"),
        line("arena of a session", plan(memory.arena_bytes), "the plan"),
        line("packed weights and constants", plan(memory.packed_bytes), "the plan; shared by all sessions"),
        line("mapped bundle", size(memory.mapped_bytes), "its file; can be dropped and read again"),
    ]
}

fn flash(flash: &Flash) -> Vec<Line> {
    let program = flash.daemon.as_ref();
    let size_of_it = program.map_or("not known".to_owned(), |daemon| size(daemon.bytes));
    let how =
        program.map_or("give it with --daemon FILE".to_owned(), |it| format!("its file, for {}", it.architecture));
    let bundles =
        format!("{} copies of {}: active, previous, candidate, arriving", flash.copies, size(flash.bundle_bytes));
    let rows = format!(
        "computed: {} rows ({} days) of {:.0} bytes, which are measured",
        flash.rows_kept,
        short(flash.days_kept),
        flash.row_bytes
    );
    vec![
        line("daemon", size_of_it, &how),
        line("bundles", size(flash.copies * flash.bundle_bytes), &bundles),
        line("journal at its cap", size(flash.journal_bytes), &rows),
        line("its write-ahead log", size(flash.wal_bytes), "measured"),
        line("registry", size(flash.state_bytes), "measured"),
        line("together", size(flash.total_bytes), if program.is_some() { "" } else { "without the daemon" }),
        line("after damage, besides", size(flash.set_aside_bytes), "journals that are set aside"),
    ]
}

fn writes(writes: &Writes) -> Vec<Line> {
    let commits = format!("measured over commits of {} rows at a full journal, for a day", short(writes.rows_a_commit));
    let known = |bytes: Option<u64>| bytes.map_or("not known".to_owned(), size);
    vec![
        line("rows a day", size(writes.row_bytes_a_day), "computed"),
        line("submitted a day", known(writes.submitted_bytes_a_day), &commits),
        line(
            "written a day",
            known(writes.bytes_a_day),
            "the same in pages of the file system, without its own journal",
        ),
        line("amplification", writes.amplification.map_or("not known".to_owned(), short), "written for a byte of rows"),
    ]
}

fn uploads(uploads: &Uploads) -> Vec<Line> {
    let known = |bytes: Option<u64>| bytes.map_or("not known".to_owned(), size);
    let metered = match uploads.exceeds_metered {
        Some(true) => "the policy: what is over it is added together and waits",
        _ => "the policy: it is enough",
    };
    vec![
        line("windows a day", short(uploads.windows_a_day), "the policy"),
        line("a summary", known(uploads.summary_bytes), "measured, as it is sent"),
        line("uploads a day", uploads.a_day.map_or("not known".to_owned(), short), "computed"),
        line("bytes a day", known(uploads.bytes_a_day), "computed; HTTP and TLS come on top"),
        line("allowed on a metered link", size(uploads.metered_bytes_a_day), metered),
    ]
}

fn verdict(limit: &Limit) -> String {
    let word = if limit.exceeded { "too much" } else { "fits" };
    format!("{}: {} of {} allowed, {word}", limit.of, size(limit.needed_bytes), size(limit.limit_bytes))
}

fn line(what: &str, figure: String, how: &str) -> Line {
    [what.to_owned(), figure, how.to_owned()]
}

/// Bytes in the largest unit that leaves a digit before the point.
pub(super) fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.into_iter().find(|(shift, _)| bytes >> shift > 0) {
        Some((shift, unit)) => format!("{:.2} {unit}", bytes as f64 / (1_u64 << shift) as f64),
        None => format!("{bytes} B"),
    }
}

/// A number with as many digits as say something.
fn short(number: f64) -> String {
    if number < 10.0 { format!("{number:.2}") } else { format!("{number:.0}") }
}

fn counted(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}
