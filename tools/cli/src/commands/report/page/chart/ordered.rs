//! Histograms on ordered bins: training as an area, the past and now as lines over it.

use maud::{Markup, html};

use super::{LEFT, RIGHT, TOP, Upwards, WIDTH, apart, at, below, round_share, tick_percent};
use crate::commands::report::figures::{Bin, Counted, FeatureFigure};
use crate::commands::report::words;

const BOTTOM: f64 = 128.0;
const HEIGHT: f64 = 150.0;
/// Columns drawn at most; neighbouring bins are drawn together beyond it.
const MOST_COLUMNS: usize = 40;
/// Edges that are written below the plot at most.
const MOST_EDGES: usize = 5;

/// Draws a feature's histograms.
pub(in super::super) fn ordered(feature: &FeatureFigure) -> Markup {
    let together = feature.bins.len().div_ceil(MOST_COLUMNS).max(1);
    let columns = |counted: &Option<Counted>| -> Vec<f64> {
        let shares = counted.as_ref().map_or(Vec::new(), Counted::shares);
        shares.chunks(together).map(|shares| shares.iter().sum()).collect()
    };
    let (training, past, latest) = (columns(&feature.training), columns(&feature.past), columns(&feature.latest));
    let names: Vec<(String, Option<f64>)> = feature.bins.chunks(together).map(name).collect();
    let axis =
        Upwards { most: round_share([&training, &past, &latest].into_iter().flatten().copied()), bottom: BOTTOM };
    let width = (RIGHT - LEFT) / names.len().max(1) as f64;
    let x = |i: usize| LEFT + width * i as f64;
    let ticks = [0.0, axis.most / 2.0, axis.most].map(|share| (share, tick_percent(share)));
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(told(feature, &names, &latest, &training)) {
            (axis.grid(&ticks))
            @for (i, share) in training.iter().enumerate() {
                rect.training x=(at(x(i) + 0.5)) y=(at(axis.y(*share))) width=(at((width - 1.0).max(0.5)))
                    height=(at(BOTTOM - axis.y(*share))) {}
            }
            @if !past.is_empty() { path.past d=(steps(&past, axis, x)) {} }
            @if !latest.is_empty() { path.latest d=(steps(&latest, axis, x)) {} }
            path.axis d={ "M" (LEFT) " " (BOTTOM) "H" (RIGHT) } {}
            @for (x, text) in apart(edges(&names).into_iter().map(|(i, text)| (x(i + 1), text))) { (below(x, BOTTOM + 15.0, &text)) }
            @for (i, (name, _)) in names.iter().enumerate() {
                rect.touch x=(at(x(i))) y=(TOP) width=(at(width)) height=(at(BOTTOM - TOP)) {
                    title { (name) (one(" — training", &training, i)) (one(", past", &past, i)) (one(", now", &latest, i)) }
                }
            }
        }
    }
}

/// Bins that are drawn as one column: what they hold together, and where the column ends.
fn name(bins: &[Bin]) -> (String, Option<f64>) {
    match bins {
        [] => (String::new(), None),
        [one] => (one.label.clone(), one.upper),
        [first, .., last] => (format!("{} … {}", first.label, last.label), last.upper),
    }
}

fn one(name: &str, shares: &[f64], at: usize) -> String {
    shares.get(at).map_or(String::new(), |share| format!("{name} {}", words::percent(*share)))
}

/// A line along the tops of the columns.
fn steps(shares: &[f64], axis: Upwards, x: impl Fn(usize) -> f64) -> String {
    let mut path = format!("M{} {}", at(x(0)), at(BOTTOM));
    for (i, share) in shares.iter().enumerate() {
        path.push_str(&format!("V{}H{}", at(axis.y(*share)), at(x(i + 1))));
    }
    format!("{path}V{}", at(BOTTOM))
}

/// Some of the edges, evenly taken, each by the column that it ends.
fn edges(names: &[(String, Option<f64>)]) -> Vec<(usize, String)> {
    let inner = names.len().saturating_sub(1);
    let shown = inner.min(MOST_EDGES);
    let columns = (0..shown).map(|i| if shown == 1 { 0 } else { i * (inner - 1) / (shown - 1) });
    columns.filter_map(|i| Some((i, words::number(names.get(i)?.1?)))).collect()
}

/// The chart in a sentence, for those who do not see it.
fn told(feature: &FeatureFigure, names: &[(String, Option<f64>)], latest: &[f64], training: &[f64]) -> String {
    let fullest = |shares: &[f64]| {
        let most = shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        Some(format!("{} with {}", names.get(most.0)?.0, words::percent(*most.1)))
    };
    let now = fullest(latest).map_or("no values now".to_owned(), |text| format!("most values now are {text}"));
    let then = fullest(training).map_or(String::new(), |text| format!("; in training most were {text}"));
    format!("Histogram of {}: {now}{then}. The table of every bin follows.", feature.name)
}
