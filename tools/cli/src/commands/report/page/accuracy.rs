//! How often the answers were right.

use maud::{Markup, html};

use super::chart::rates::{Rate, rates};
use super::parts::{bar, by_version, figure, nothing, table};
use super::words;
use crate::commands::report::figures::{Accuracy, ByAnswerer, Labelled, interval};

pub(super) fn section(all: &[Accuracy]) -> Markup {
    if all.iter().all(Accuracy::is_empty) {
        return nothing(
            "No labels came, so nothing can be said of how often the answers were right. \
             An app that learns what was right tells the runtime with label().",
        );
    }
    by_version(all, |accuracy| &accuracy.model, |_, accuracy| of(accuracy))
}

fn of(accuracy: &Accuracy) -> Markup {
    if accuracy.is_empty() {
        return nothing("No labels came for this version.");
    }
    let overall = accuracy.overall;
    html! {
        @if overall.labelled > 0 {
            p.lead {
                strong { (words::part(overall.right(), overall.labelled)) } " of the model's own answers were right, on "
                (words::counted(overall.labelled, "label", "labels")) " in its windows" (within(overall)) "."
            }
        } @else {
            (nothing("No label of the model's own answers came during a window."))
        }
        div.columns {
            @if !accuracy.by_window.is_empty() { (over_time(accuracy)) }
            div.tables {
                @if !accuracy.by_class.is_empty() {
                    h3 { "By class of the label" }
                    (table("Accuracy by class", &["class", "#labels", "#wrong", "#right", ""], &by_class(accuracy)))
                }
                @if !accuracy.by_answerer.is_empty() {
                    h3 { "Labels of the rows that the journal holds" }
                    (table("Accuracy by who answered", &["answered by", "#labels", "#wrong", "#right", "#not compared"],
                        &accuracy.by_answerer.iter().map(by_answerer).collect::<Vec<_>>()))
                }
            }
        }
    }
}

fn within(labels: Labelled) -> String {
    interval(labels.right(), labels.labelled).map_or(String::new(), |(low, high)| {
        format!(" (95 % interval: {} to {})", words::percent(low), words::percent(high))
    })
}

fn over_time(accuracy: &Accuracy) -> Markup {
    let windows = &accuracy.by_window;
    let point = |window: &crate::commands::report::figures::LabelledWindow| {
        let labels = window.labels;
        let (low, high) = interval(labels.right(), labels.labelled)?;
        let text = format!(
            "{}{}: {} of {} right ({})",
            words::span(window.started_us, window.ended_us),
            if window.open { ", still open" } else { "" },
            words::count(labels.right()),
            words::count(labels.labelled),
            words::part(labels.right(), labels.labelled),
        );
        Some(Rate { value: words::share(labels.right(), labels.labelled)?, low, high, at_us: window.ended_us, text })
    };
    let points: Vec<Rate> = windows.iter().filter_map(point).collect();
    let note = html! {
        "Share of right answers in each window in which labels came, with its 95 % interval; "
        (words::counted(windows.len() as u64, "window", "windows")) "."
    };
    figure("Accuracy by window", &rates(&points), &note)
}

fn by_class(accuracy: &Accuracy) -> Vec<Vec<Markup>> {
    let row = |(class, labels): (&String, &Labelled)| {
        vec![
            html! { span.name { (class) } },
            html! { (words::count(labels.labelled)) },
            html! { (words::count(labels.errors)) },
            html! { (words::part(labels.right(), labels.labelled)) },
            bar(words::share(labels.right(), labels.labelled).unwrap_or(0.0)),
        ]
    };
    accuracy.by_class.iter().map(row).collect()
}

fn by_answerer(row: &ByAnswerer) -> Vec<Markup> {
    let name = if row.answered_by == "none" { "nobody" } else { &row.answered_by };
    vec![
        html! { (name) },
        html! { (words::count(row.labels.labelled)) },
        html! { (words::count(row.labels.errors)) },
        html! { (words::part(row.labels.right(), row.labels.labelled)) },
        html! { (words::count(row.not_compared)) },
    ]
}
