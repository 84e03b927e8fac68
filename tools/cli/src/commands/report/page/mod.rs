//! The report as one HTML page: inline style, inline SVG, no script, nothing to fetch. Names of models and features come
//! from others; maud escapes all text, and the page's own policy forbids every script and request besides.

mod accuracy;
mod alarms;
mod chart;
mod drift;
mod features;
mod latency;
mod losses;
mod parts;
mod ran;
mod tiles;
mod uploads;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::figures::{Report, State};
use super::words;

const STYLE: &str = include_str!("style.css");

/// Allows the inline style and nothing else: no script, no request.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Draws the page.
pub(super) fn page(report: &Report) -> Markup {
    let about = report.only.as_ref().unwrap_or(&report.folder);
    let sections = [
        ("ran", "What ran", ran::section(report)),
        ("alarms", "Alarms", alarms::section(&report.alarms)),
        ("accuracy", "Accuracy", accuracy::section(&report.accuracy)),
        ("features", "Features, then and now", features::section(&report.features)),
        ("drift", "Drift over time", drift::section(&report.drift)),
        ("latency", "Latency", latency::section(&report.latency)),
        ("uploads", "Uploads", uploads::section(&report.uploads)),
        ("losses", "Losses", losses::section(&report.losses)),
    ];
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "Dunlin report: " (about) }
                // The style is a file of this program's own.
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kicker { "Dunlin report" }
                    h1 { (about) }
                    (verdict(report))
                    (tiles::tiles(report))
                    nav aria-label="Sections" {
                        @for (id, title, _) in &sections { a href={ "#" (id) } { (title) } }
                    }
                }
                main {
                    @for (id, title, body) in &sections {
                        section id=(id) aria-labelledby={ (id) "-title" } {
                            h2 id={ (id) "-title" } { (title) }
                            (body)
                        }
                    }
                }
                footer {
                    p {
                        "From the journal of the folder “" (report.folder) "”"
                        @if let Some(as_of) = report.as_of_us { ", whose newest entry is of " (parts::time(as_of)) }
                        ". All times are in UTC. Written by dunlin " (env!("CARGO_PKG_VERSION"))
                        "; this page fetches nothing and runs no script."
                    }
                }
            }
        }
    }
}

fn verdict(report: &Report) -> Markup {
    let (class, sign) = match report.headline.state {
        State::Alarm => ("verdict bad", "▲"),
        State::Notice => ("verdict notice", "●"),
        State::Well => ("verdict well", "✓"),
        State::Unknown => ("verdict", "○"),
    };
    html! {
        p id="headline" class=(class) {
            span.sign aria-hidden="true" { (sign) } " "
            span { (report.headline.sentence) }
        }
    }
}
