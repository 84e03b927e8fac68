//! Shares of levels: a bar for now over a wider one for training, and a mark for the past.

use maud::{Markup, html};

use super::{RIGHT, WIDTH, at, round_share};
use crate::commands::report::figures::{Counted, FeatureFigure};
use crate::commands::report::words;

const START: f64 = 104.0;
const END: f64 = RIGHT - 46.0;
const ROW: f64 = 24.0;
/// Levels drawn at most, those with the largest shares; the table has them all.
const MOST_LEVELS: usize = 10;
/// Letters of a level's name that fit beside its bar.
const MOST_LETTERS: usize = 15;

struct Level<'a> {
    name: &'a str,
    training: Option<f64>,
    past: Option<f64>,
    latest: Option<f64>,
}

/// Draws a category's levels.
pub(in super::super) fn levels(feature: &FeatureFigure) -> Markup {
    let shares = |counted: &Option<Counted>| counted.as_ref().map_or(Vec::new(), Counted::shares);
    let (training, past, latest) = (shares(&feature.training), shares(&feature.past), shares(&feature.latest));
    let all = [&training, &past, &latest];
    let most = |i: usize| all.into_iter().filter_map(|shares| shares.get(i)).copied().fold(0.0, f64::max);
    let mut order: Vec<(usize, f64)> = (0..feature.bins.len()).map(|i| (i, most(i))).collect();
    if order.len() > MOST_LEVELS {
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        order.truncate(MOST_LEVELS);
        order.sort_by_key(|(i, _)| *i);
    }
    let drawn: Vec<Level<'_>> = order
        .iter()
        .filter_map(|(i, _)| {
            let of = |shares: &[f64]| shares.get(*i).copied();
            Some(Level {
                name: &feature.bins.get(*i)?.label,
                training: of(&training),
                past: of(&past),
                latest: of(&latest),
            })
        })
        .collect();
    let most = round_share(order.iter().map(|(_, share)| *share));
    let hidden = feature.bins.len() - drawn.len();
    let height = ROW * drawn.len() as f64 + if hidden > 0 { 22.0 } else { 6.0 };
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (at(height)) } role="img" aria-label=(told(feature, &drawn)) {
            @for (row, level) in drawn.iter().enumerate() { (bars(level, ROW * row as f64 + 2.0, most)) }
            @if hidden > 0 {
                text.tick x=(START) y=(at(height - 6.0)) { "and " (words::counted(hidden as u64, "level", "levels")) " more in the table" }
            }
        }
    }
}

fn bars(level: &Level<'_>, y: f64, most: f64) -> Markup {
    let long = |share: f64| (END - START) * (share / most).clamp(0.0, 1.0);
    let text = |share: Option<f64>| share.map_or("–".to_owned(), words::percent);
    html! {
        g {
            title {
                (level.name) " — training " (text(level.training)) ", past " (text(level.past)) ", now " (text(level.latest))
            }
            text.label x=(START - 8.0) y=(at(y + 13.5)) text-anchor="end" { (words::shortened(level.name, MOST_LETTERS)) }
            @if let Some(share) = level.training {
                rect.training x=(START) y=(at(y + 1.0)) width=(at(long(share))) height="17" {}
            }
            @if let Some(share) = level.latest {
                rect.latest x=(START) y=(at(y + 6.5)) width=(at(long(share).max(1.0))) height="6" {}
            }
            @if let Some(share) = level.past {
                path.past d={ "M" (at(START + long(share))) " " (at(y)) "v19" } {}
            }
            path.axis d={ "M" (START) " " (at(y - 1.0)) "v21" } {}
            text.tick x=(RIGHT) y=(at(y + 13.5)) text-anchor="end" { (text(level.latest)) }
        }
    }
}

fn told(feature: &FeatureFigure, drawn: &[Level<'_>]) -> String {
    let now = drawn.iter().filter_map(|level| Some(format!("{} {}", level.name, words::percent(level.latest?))));
    let now = now.collect::<Vec<_>>().join(", ");
    let now = if now.is_empty() { "no values now".to_owned() } else { format!("now {now}") };
    format!("Levels of {}: {now}. The table of every bin follows.", feature.name)
}
