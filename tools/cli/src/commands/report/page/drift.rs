//! How far each feature lay from its references, over time.

use maud::{Markup, html};

use super::chart::effects::{effects, legend};
use super::parts::{by_version, figure, nothing};
use super::words;
use crate::commands::report::figures::{Compared, Drift, Subject};

pub(super) fn section(all: &[Drift]) -> Markup {
    if all.iter().all(|drift| drift.windows == 0) {
        return nothing("No window has closed, so nothing was compared yet.");
    }
    by_version(all, |drift| &drift.model, |_, drift| of(drift))
}

fn of(drift: &Drift) -> Markup {
    if drift.subjects.is_empty() {
        return nothing(
            "Nothing was compared: the windows, or what they would be compared with, hold too few records.",
        );
    }
    html! {
        p.note {
            "The effect is the population stability index less what chance alone gives. From "
            (words::number(drift.threshold)) " on (the dashed line) it is worth a word, and an alarm where the test is sure too; "
            "a difference from the training data alone is a notice. Points below zero stand at zero. "
            (words::counted(drift.windows, "window", "windows")) "."
        }
        (legend())
        div.charts { @for subject in &drift.subjects { (chart(drift, subject)) } }
    }
}

fn chart(drift: &Drift, subject: &Subject) -> Markup {
    let newest = |compared: Option<&Compared>| {
        compared.map_or("not compared".to_owned(), |c| {
            format!("{} (p {})", words::number((c.effect * 1e3).round() / 1e3), p(c.p_adjusted))
        })
    };
    let note = html! {
        "latest, against the past: " (newest(subject.newest(|point| point.past.as_ref())))
        " · against training: " (newest(subject.newest(|point| point.training.as_ref())))
    };
    figure(&subject.name, &effects(subject, drift.threshold), &note)
}

fn p(p: f64) -> String {
    if p < 1e-4 { "under 0.0001".to_owned() } else { format!("{p:.4}") }
}
