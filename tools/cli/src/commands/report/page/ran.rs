//! What ran.

use maud::{Markup, html};
use serde_json::Value;

use super::parts::{bar, model, moment, nothing, table, time};
use super::words;
use crate::commands::report::figures::{Ran, Report, Tally};

/// Longest text of an event's particulars that is shown.
const MOST_TEXT: usize = 200;

pub(super) fn section(report: &Report) -> Markup {
    let ran = &report.ran;
    html! {
        @if let (Some(first), Some(last)) = (ran.first_us, ran.last_us) {
            p.lead {
                (words::counted(ran.predictions, "prediction", "predictions")) ", " (words::span(first, last)) ". "
                @if report.only.is_none() && ran.predictions_ever > ran.predictions {
                    (words::count(ran.predictions_ever)) " since the installation; the journal holds no more than it may. "
                }
                @if report.only.is_none() {
                    (words::counted(ran.labels, "label", "labels")) ", "
                    (words::counted(ran.outcomes, "outcome", "outcomes")) ", " (words::bytes(ran.used_bytes)) " in use."
                }
            }
            (versions(ran))
            div.columns {
                (tallies("Verdicts", "verdict", &ran.verdicts, ran.predictions))
                (tallies("Answered by", "answered by", &ran.answered_by, ran.predictions))
                (tallies("Kernels", "kernel set", &ran.kernel_sets, ran.predictions))
                @if !ran.reasons.is_empty() {
                    (tallies("Why not accepted", "reason", &ran.reasons, ran.predictions))
                }
                @if !ran.culprits.is_empty() {
                    (tallies("On account of", "feature or tensor", &ran.culprits, ran.predictions))
                }
            }
        } @else {
            (nothing("No prediction is in the journal."))
        }
        @if !ran.events.is_empty() { (events(ran)) }
    }
}

fn versions(ran: &Ran) -> Markup {
    let row = |version: &crate::commands::report::figures::Version| {
        vec![
            model(&version.model),
            html! { (words::count(version.model.sequence)) },
            html! { (version.slot) },
            html! { (words::count(version.predictions)) },
            time(version.first_us),
            time(version.last_us),
        ]
    };
    let rows: Vec<_> = ran.versions.iter().map(row).collect();
    table("Models", &["model", "#sequence", "slot", "#predictions", "first", "last"], &rows)
}

fn tallies(title: &str, of: &str, tallies: &[Tally], whole: u64) -> Markup {
    let row = |tally: &Tally| {
        vec![
            html! { (shown(&tally.name)) },
            html! { (words::count(tally.count)) },
            html! { (words::part(tally.count, whole)) },
            bar(words::share(tally.count, whole).unwrap_or(0.0)),
        ]
    };
    let rows: Vec<_> = tallies.iter().map(row).collect();
    html! {
        div {
            h3 { (title) }
            (table(title, &[of, "#predictions", "#share", ""], &rows))
        }
    }
}

/// Codes read as words; names that hold more than a code stay as they are.
fn shown(name: &str) -> String {
    match name {
        "none" => "nobody".to_owned(),
        name if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') => words::code(name),
        name => name.to_owned(),
    }
}

fn events(ran: &Ran) -> Markup {
    let row = |event: &crate::commands::report::figures::Happened| {
        vec![moment(event.wall_us), html! { (words::code(&event.kind)) }, html! { (particulars(&event.detail)) }]
    };
    let rows: Vec<_> = ran.events.iter().map(row).collect();
    html! {
        details {
            summary { "What happened to the runtime itself (" (words::counted(rows.len() as u64, "event", "events")) ")" }
            (table("Events", &["when", "what", "particulars"], &rows))
        }
    }
}

fn particulars(detail: &Value) -> String {
    let one = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{}: {text}", words::code(name)),
        value => format!("{}: {value}", words::code(name)),
    };
    let text = match detail {
        Value::Object(fields) => fields.iter().map(one).collect::<Vec<_>>().join("; "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    words::shortened(&text, MOST_TEXT)
}
