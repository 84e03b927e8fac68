//! Each feature's histogram then and now, and what fitted no bin.

use maud::{Markup, html};

use super::chart::levels::levels;
use super::chart::ordered::ordered;
use super::chart::{Series, swatch};
use super::parts::{by_version, figure, nothing, table};
use super::words;
use crate::commands::report::figures::{Counted, FeatureFigure, Features};

pub(super) fn section(all: &[Features]) -> Markup {
    if all.iter().all(|features| features.features.is_empty()) {
        return nothing("No window has begun, so no feature was counted yet.");
    }
    by_version(all, |features| &features.model, |_, features| of(features))
}

fn of(features: &Features) -> Markup {
    html! {
        p.legend {
            span { (swatch(Series::Training)) " training" }
            span { (swatch(Series::Past)) " this device's past" }
            span {
                (swatch(Series::Latest)) " now"
                @if let Some(latest) = &features.latest {
                    ": the " @if latest.open { "open" } @else { "latest closed" } " window, "
                    (words::counted(latest.rows, "record", "records")) ", "
                    (words::span(latest.started_us, latest.ended_us))
                }
            }
        }
        div.charts { @for feature in &features.features { @if !feature.bins.is_empty() { (chart(feature)) } } }
        h3 { "Values that fit no bin" }
        p.note {
            "Now, and (in brackets) in all windows that the journal holds. An unseen level is one that training never saw."
        }
        (table("Values that fit no bin",
            &["feature", "#missing", "#out of domain", "#unseen", "#not a number", "#missing in training", "#missing in the past"],
            &features.features.iter().map(unfit).collect::<Vec<_>>()))
    }
}

fn chart(feature: &FeatureFigure) -> Markup {
    let drawn = if feature.ordered { ordered(feature) } else { levels(feature) };
    let of = |name: &str, counted: &Option<Counted>| {
        counted
            .as_ref()
            .map_or(format!("{name}: none yet"), |counted| format!("{name}: {}", words::count(counted.values)))
    };
    let note = html! {
        (of("training", &feature.training)) " · " (of("past", &feature.past)) " · " (of("now", &feature.latest)) " values"
        details { summary { "Every bin" } (every_bin(feature)) }
    };
    figure(&feature.name, &drawn, &note)
}

fn every_bin(feature: &FeatureFigure) -> Markup {
    let share = |counted: &Option<Counted>, at: usize| {
        let counted = counted.as_ref();
        counted.map_or("–".to_owned(), |c| words::part(c.counts.get(at).copied().unwrap_or(0), c.values))
    };
    let row = |(at, bin): (usize, &crate::commands::report::figures::Bin)| {
        vec![
            html! { (bin.label) },
            html! { (share(&feature.training, at)) },
            html! { (share(&feature.past, at)) },
            html! { (share(&feature.latest, at)) },
        ]
    };
    let rows: Vec<_> = feature.bins.iter().enumerate().map(row).collect();
    table(&format!("Bins of {}", feature.name), &["bin", "#training", "#past", "#now"], &rows)
}

fn unfit(feature: &FeatureFigure) -> Vec<Markup> {
    let latest = |count: fn(&Counted) -> u64| {
        let now = feature.latest.as_ref().map_or("–".to_owned(), |counted| words::count(count(counted)));
        html! { (now) " (" (words::count(count(&feature.all))) ")" }
    };
    let missing = |counted: &Option<Counted>| {
        counted.as_ref().map_or("–".to_owned(), |c| words::part(c.missing, c.values + c.missing + c.non_finite))
    };
    vec![
        html! { span.name { (feature.name) } },
        latest(|counted| counted.missing),
        latest(|counted| counted.out_of_domain),
        latest(|counted| counted.unseen),
        latest(|counted| counted.non_finite),
        html! { (missing(&feature.training)) },
        html! { (missing(&feature.past)) },
    ]
}
