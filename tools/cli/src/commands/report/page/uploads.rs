//! What was sent, and what waits.

use dunlin::monitor::{RecordedUpload, Waiting};
use maud::{Markup, html};

use super::parts::{moment, nothing, table, time};
use super::words;
use crate::commands::report::figures::Uploads;

pub(super) fn section(uploads: &Uploads) -> Markup {
    let waiting: u64 = uploads.waiting.iter().map(|waiting| waiting.windows).sum();
    html! {
        @if uploads.attempts == 0 { (nothing("Nothing was sent yet.")) }
        dl.facts {
            div { dt { "attempts" } dd { (words::count(uploads.attempts)) } }
            div { dt { "delivered" } dd { (words::count(uploads.accepted)) " (" (words::counted(uploads.windows_delivered, "window", "windows")) ")" } }
            div { dt { "failed, made again" } dd { (words::count(uploads.failed)) } }
            div { dt { "lost" } dd { (words::count(uploads.dropped)) " (" (words::counted(uploads.windows_lost, "window", "windows")) ")" } }
            div { dt { "waiting" } dd { (words::count(uploads.waiting.len() as u64)) " (" (words::counted(waiting, "window", "windows")) ")" } }
        }
        @if !uploads.waiting.is_empty() {
            h3 { "Waiting" }
            (table("Waiting", &["queued", "model", "#windows", "#size", "#attempts", "id"],
                &uploads.waiting.iter().map(one_waiting).collect::<Vec<_>>()))
        }
        @if !uploads.newest.is_empty() {
            h3 { "Last attempts" }
            (table("Last attempts", &["when", "result", "#status", "#windows", "#size", "id"],
                &uploads.newest.iter().map(one_attempt).collect::<Vec<_>>()))
        }
    }
}

fn one_waiting(waiting: &Waiting) -> Vec<Markup> {
    vec![
        time(waiting.queued_us),
        html! { span.name { (waiting.model_id) } },
        html! { (words::count(waiting.windows)) },
        html! { (words::bytes(waiting.bytes)) },
        html! { (words::count(waiting.attempts)) },
        html! { code { (waiting.id) } },
    ]
}

fn one_attempt(upload: &RecordedUpload) -> Vec<Markup> {
    vec![
        moment(upload.wall_us),
        html! { (result(&upload.result)) },
        html! { @if let Some(status) = upload.status { (status) } @else { "no answer" } },
        html! { (words::count(upload.windows)) },
        html! { (words::bytes(upload.bytes)) },
        html! { code { (upload.id) } },
    ]
}

/// What was made of an attempt, in words.
fn result(name: &str) -> String {
    let words = match name {
        "accepted" => "delivered",
        "duplicate" => "delivered before",
        "kept" => "kept, will be sent again",
        "paused" => "not wanted, paused",
        "shed" => "too large, again without histograms",
        "dropped" => "refused for good, lost",
        other => other,
    };
    words.to_owned()
}
