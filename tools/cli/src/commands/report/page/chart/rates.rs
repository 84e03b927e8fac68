//! Rates window by window, each with its interval.

use maud::{Markup, html};

use super::{LEFT, RIGHT, Upwards, WIDTH, at, column, ends, tick_percent};
use crate::commands::report::words;

const BOTTOM: f64 = 124.0;
const HEIGHT: f64 = 144.0;
/// Windows up to which each has a mark of its own.
const MOST_MARKS: usize = 60;

/// A rate of one window.
pub(in super::super) struct Rate {
    pub(in super::super) value: f64,
    pub(in super::super) low: f64,
    pub(in super::super) high: f64,
    pub(in super::super) at_us: i64,
    pub(in super::super) text: String,
}

/// Draws the rates, oldest first.
pub(in super::super) fn rates(points: &[Rate]) -> Markup {
    let axis = Upwards { most: 1.0, bottom: BOTTOM };
    let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| (share, tick_percent(share)));
    let n = points.len();
    let places: Vec<String> =
        points.iter().enumerate().map(|(i, p)| format!("{} {}", at(column(i, n)), at(axis.y(p.value)))).collect();
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(told(points)) {
            (axis.grid(&ticks))
            @for (i, point) in points.iter().enumerate() {
                path.interval d={ "M" (at(column(i, n))) " " (at(axis.y(point.low))) "V" (at(axis.y(point.high))) } {
                    title { (point.text) }
                }
            }
            path.rate d={ "M" (places.join("L")) } {}
            @if n <= MOST_MARKS { @for (i, point) in points.iter().enumerate() {
                circle.rate cx=(at(column(i, n))) cy=(at(axis.y(point.value))) r="3.2" { title { (point.text) } }
            } }
            path.axis d={ "M" (LEFT) " " (BOTTOM) "H" (RIGHT) } {}
            (ends(points.first().map(|point| point.at_us), points.last().map(|point| point.at_us), BOTTOM + 15.0))
        }
    }
}

fn told(points: &[Rate]) -> String {
    let (first, last) = (points.first(), points.last());
    let ends = first.zip(last).map(|(first, last)| {
        format!("from {} in the first to {} in the last", words::percent(first.value), words::percent(last.value))
    });
    let windows = words::counted(points.len() as u64, "window", "windows");
    format!("Accuracy in {windows}: {}.", ends.unwrap_or_default())
}
