//! What the sections share: tables that scroll in their own frame, bars, badges, figures with a caption.

use dunlin_wire::ModelVersion;
use maud::{Markup, html};

use super::words;
use crate::utc;

/// A moment, readable for people and machines.
pub(super) fn time(us: i64) -> Markup {
    html! { time datetime=(utc::rfc3339(us)) { (words::time(us)) } }
}

/// The same to the second.
pub(super) fn moment(us: i64) -> Markup {
    html! { time datetime=(utc::rfc3339(us)) { (utc::text(us)) } }
}

/// A model version as it is called.
pub(super) fn model(model: &ModelVersion) -> Markup {
    html! { span.name { (model.id) } " " (model.version) }
}

/// A table in a frame of its own that scrolls sideways where it must. Columns of `#` headings hold numbers.
pub(super) fn table(label: &str, headings: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.scroll role="region" aria-label=(label) tabindex="0" {
            table {
                thead { tr { @for heading in headings {
                    th scope="col" class=[is_number(heading)] { (heading.trim_start_matches('#')) }
                } } }
                tbody { @for row in rows { tr {
                    @for (cell, heading) in row.iter().zip(headings) { td class=[is_number(heading)] { (cell) } }
                } } }
            }
        }
    }
}

fn is_number(heading: &str) -> Option<&'static str> {
    heading.starts_with('#').then_some("number")
}

/// A share as a bar; its number stands beside it as text.
pub(super) fn bar(share: f64) -> Markup {
    let width = format!("width:{:.1}%", 100.0 * share.clamp(0.0, 1.0));
    html! { span.bar aria-hidden="true" { span style=(width) {} } }
}

/// A chart under its title, with a note below it.
pub(super) fn figure(title: &str, chart: &Markup, note: &Markup) -> Markup {
    html! {
        figure {
            figcaption { (title) }
            (chart)
            div.note { (note) }
        }
    }
}

/// What stands where there is nothing to show.
pub(super) fn nothing(text: &str) -> Markup {
    html! { p.nothing { (text) } }
}

/// The sections' bodies by model version: one version as it is; of several, the first open and the others folded.
pub(super) fn by_version<T>(all: &[T], version: fn(&T) -> &ModelVersion, body: impl Fn(usize, &T) -> Markup) -> Markup {
    html! {
        @for (at, one) in all.iter().enumerate() {
            @if all.len() == 1 {
                (body(at, one))
            } @else {
                details open[at == 0] {
                    summary { (model(version(one))) }
                    (body(at, one))
                }
            }
        }
    }
}
