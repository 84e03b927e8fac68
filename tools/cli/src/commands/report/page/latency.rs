//! How long answers took.

use maud::{Markup, html};

use super::chart::times::times;
use super::parts::{by_version, figure, nothing};
use super::words;
use crate::commands::report::figures::Speed;

pub(super) fn section(all: &[Speed]) -> Markup {
    if all.iter().all(|speed| speed.count == 0) {
        return nothing("No answer was timed.");
    }
    by_version(all, |speed| &speed.model, |_, speed| of(speed))
}

fn of(speed: &Speed) -> Markup {
    let (Some(median), Some(p95), Some(p99)) = (speed.median_us, speed.p95_us, speed.p99_us) else {
        return nothing("No answer of this version was timed.");
    };
    let note = html! {
        (words::counted(speed.count, "record", "records")) " in all windows that the journal holds, refused ones among them. "
        "Times are counted in buckets, each a half more than the one before; a quantile is its bucket's upper bound."
    };
    html! {
        dl.facts {
            div { dt { "median" } dd { "at most " (words::micros(median)) } }
            div { dt { "95 %" } dd { "at most " (words::micros(p95)) } }
            div { dt { "99 %" } dd { "at most " (words::micros(p99)) } }
        }
        div.charts { (figure("Time from record to answer", &times(speed), &note)) }
    }
}
