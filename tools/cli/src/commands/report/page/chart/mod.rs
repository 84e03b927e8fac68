//! Charts as inline SVG: drawn at about the size of a phone's column, so that their text stays as large as the page's at
//! every width. Colours come from the page's style; no series is told by its colour alone.

pub(super) mod effects;
pub(super) mod levels;
pub(super) mod ordered;
pub(super) mod rates;
pub(super) mod times;

use maud::{Markup, html};

/// Width of every chart, in units of its own.
const WIDTH: f64 = 340.0;
/// Left end of the plot: room for the numbers of the vertical axis.
const LEFT: f64 = 44.0;
/// Right end of the plot.
const RIGHT: f64 = 334.0;
/// Upper end of the plot.
const TOP: f64 = 10.0;

/// One of the distributions that a feature's chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    /// A grey area.
    Training,
    /// A dashed line.
    Past,
    /// A strong line.
    Latest,
}

/// The mark of a series, for a legend.
pub(super) fn swatch(series: Series) -> Markup {
    html! {
        svg.swatch viewBox="0 0 24 12" aria-hidden="true" {
            @match series {
                Series::Training => { rect.training x="1" y="1" width="22" height="10" {} }
                Series::Past => { path.past d="M1 6H23" {} }
                Series::Latest => { path.latest d="M1 6H23" {} }
            }
        }
    }
}

/// A coordinate, to a tenth of a unit.
fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A vertical axis from nothing to `most`.
#[derive(Clone, Copy, Debug)]
struct Upwards {
    most: f64,
    bottom: f64,
}

impl Upwards {
    /// The height of a value, kept within the plot.
    fn y(self, value: f64) -> f64 {
        self.bottom - (value / self.most).clamp(0.0, 1.0) * (self.bottom - TOP)
    }

    /// Lines across the plot at these values, with their texts.
    fn grid(self, ticks: &[(f64, String)]) -> Markup {
        html! {
            @for (value, text) in ticks {
                path.grid d={ "M" (at(LEFT)) " " (at(self.y(*value))) "H" (at(RIGHT)) } {}
                text.tick x=(at(LEFT - 6.0)) y=(at(self.y(*value) + 3.5)) text-anchor="end" { (text) }
            }
        }
    }
}

/// The least round share that is not below any of these.
fn round_share(shares: impl Iterator<Item = f64>) -> f64 {
    let most = shares.fold(0.0, f64::max);
    [0.05, 0.1, 0.2, 0.4, 0.6, 0.8].into_iter().find(|round| *round >= most).unwrap_or(1.0)
}

/// A whole share as a tick reads.
fn tick_percent(share: f64) -> String {
    format!("{} %", (1000.0 * share).round() / 10.0)
}

/// A text below the plot; those at its ends stay within the chart.
fn below(x: f64, y: f64, text: &str) -> Markup {
    let anchor = match x {
        x if x < LEFT + 24.0 => "start",
        x if x > RIGHT - 24.0 => "end",
        _ => "middle",
    };
    html! { text.tick x=(at(x)) y=(at(y)) text-anchor=(anchor) { (text) } }
}

/// Of texts below the plot, those that do not run into the one before, each with its place.
fn apart(texts: impl IntoIterator<Item = (f64, String)>) -> Vec<(f64, String)> {
    let mut kept: Vec<(f64, String)> = Vec::new();
    for (x, text) in texts {
        let room = |(before, said): &(f64, String)| x - before > 3.9 * (said.len() + text.len()) as f64 + 6.0;
        if kept.last().is_none_or(room) {
            kept.push((x, text));
        }
    }
    kept
}

/// The times at both ends of the plot; one where they read the same.
fn ends(first_us: Option<i64>, last_us: Option<i64>, y: f64) -> Markup {
    let text = |us: Option<i64>| us.map(crate::commands::report::words::short_time);
    let (first, last) = (text(first_us), text(last_us));
    html! {
        @if let Some(last) = last.filter(|last| first.as_ref() != Some(last)) { (below(RIGHT, y, &last)) }
        @if let Some(first) = first { (below(LEFT, y, &first)) }
    }
}

/// Where the `i`th of `n` windows stands.
fn column(i: usize, n: usize) -> f64 {
    let (left, right) = (LEFT + 8.0, RIGHT - 8.0);
    if n < 2 { f64::midpoint(left, right) } else { left + (right - left) * i as f64 / (n - 1) as f64 }
}
