//! Effect sizes window by window, against both references, with the line from which they are worth a word.

use maud::{Markup, html};

use super::{LEFT, RIGHT, TOP, Upwards, WIDTH, at, column, ends};
use crate::commands::report::figures::{Compared, Point, Subject};
use crate::commands::report::words;

const BOTTOM: f64 = 124.0;
const HEIGHT: f64 = 144.0;
/// Windows up to which each has a mark of its own; alarms always have one.
const MOST_MARKS: usize = 45;

/// What the marks mean.
pub(in super::super) fn legend() -> Markup {
    html! {
        p.legend {
            span { svg.swatch viewBox="0 0 24 12" aria-hidden="true" {
                path.past-effect d="M1 6H23" {} circle.past-effect cx="12" cy="6" r="3" {}
            } " against this device's past" }
            span { svg.swatch viewBox="0 0 24 12" aria-hidden="true" {
                path.training-effect d="M1 6H23" {} rect.training-effect x="9" y="3" width="6" height="6" {}
            } " against training" }
            span { svg.swatch viewBox="0 0 24 12" aria-hidden="true" { (triangle(12.0, 6.0, "alarm-mark")) } " alarm" }
            span { svg.swatch viewBox="0 0 24 12" aria-hidden="true" { (triangle(12.0, 6.0, "notice-mark")) } " notice" }
            span { svg.swatch viewBox="0 0 24 12" aria-hidden="true" { path.threshold d="M1 6H23" {} } " worth a word" }
        }
    }
}

/// Draws the effects of one subject.
pub(in super::super) fn effects(subject: &Subject, threshold: f64) -> Markup {
    let points = &subject.points;
    let all = points.iter().flat_map(|point| point.past.iter().chain(&point.training)).map(|c| c.effect);
    let axis = Upwards { most: scale(all.fold(threshold, f64::max), threshold), bottom: BOTTOM };
    let mut ticks = vec![(0.0, "0".to_owned()), (axis.most, words::number(axis.most))];
    if axis.y(threshold) - TOP > 14.0 && BOTTOM - axis.y(threshold) > 12.0 {
        ticks.push((threshold, words::number(threshold)));
    }
    let few = points.len() <= MOST_MARKS;
    let n = points.len();
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(told(subject)) {
            (axis.grid(&ticks))
            path.threshold d={ "M" (LEFT) " " (at(axis.y(threshold))) "H" (RIGHT) } {}
            path.training-effect d=(line(points, axis, |point| point.training.as_ref())) {}
            path.past-effect d=(line(points, axis, |point| point.past.as_ref())) {}
            @for (i, point) in points.iter().enumerate() {
                g {
                    title { (window(point)) }
                    @if let Some(compared) = &point.training {
                        @if few { rect.training-effect x=(at(column(i, n) - 3.0)) y=(at(axis.y(compared.effect) - 3.0)) width="6" height="6" {} }
                        @if compared.alarm { (triangle(column(i, n), axis.y(compared.effect), "notice-mark")) }
                    }
                    @if let Some(compared) = &point.past {
                        @if few { circle.past-effect cx=(at(column(i, n))) cy=(at(axis.y(compared.effect))) r="3" {} }
                        @if compared.alarm { (triangle(column(i, n), axis.y(compared.effect), "alarm-mark")) }
                    }
                }
            }
            path.axis d={ "M" (LEFT) " " (BOTTOM) "H" (RIGHT) } {}
            (ends(points.first().map(|point| point.ended_us), points.last().map(|point| point.ended_us), BOTTOM + 15.0))
        }
    }
}

/// The top of the axis: a round number, twice the threshold at least.
fn scale(most: f64, threshold: f64) -> f64 {
    let most = most.max(2.0 * threshold);
    let ten = 10f64.powf(most.log10().floor());
    [1.0, 1.5, 2.0, 3.0, 5.0, 7.5].into_iter().map(|step| step * ten).find(|round| *round >= most).unwrap_or(10.0 * ten)
}

/// A line through the windows that were compared, broken where one was not.
fn line(points: &[Point], axis: Upwards, of: fn(&Point) -> Option<&Compared>) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for (i, point) in points.iter().enumerate() {
        let compared = of(point);
        if let Some(compared) = compared {
            let step = if drawing { 'L' } else { 'M' };
            path.push_str(&format!("{step}{} {}", at(column(i, points.len())), at(axis.y(compared.effect))));
        }
        drawing = compared.is_some();
    }
    path
}

fn triangle(x: f64, y: f64, class: &str) -> Markup {
    let corners = format!("M{} {}l5.5 9.5h-11Z", at(x), at(y - 6.0));
    html! { path class=(class) d=(corners) {} }
}

fn window(point: &Point) -> String {
    let of = |name: &str, compared: &Option<Compared>| {
        compared.as_ref().map_or(String::new(), |c| {
            format!(", against {name} {:.3}{}", c.effect, if c.alarm { " (sure)" } else { "" })
        })
    };
    format!("{}{}{}", words::time(point.ended_us), of("the past", &point.past), of("training", &point.training))
}

fn told(subject: &Subject) -> String {
    let alarms = |of: fn(&Point) -> Option<&Compared>| {
        subject.points.iter().filter_map(of).filter(|compared| compared.alarm).count() as u64
    };
    let (past, training) = (alarms(|point| point.past.as_ref()), alarms(|point| point.training.as_ref()));
    format!(
        "Effect sizes of {} in {}: {} against the past, {} against training.",
        subject.name,
        words::counted(subject.points.len() as u64, "window", "windows"),
        words::counted(past, "alarm", "alarms"),
        words::counted(training, "notice", "notices"),
    )
}
