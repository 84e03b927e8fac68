//! A histogram of times on a logarithmic axis, with its quantiles.

use maud::{Markup, html};

use super::{LEFT, RIGHT, Upwards, WIDTH, apart, at, below, round_share, tick_percent};
use crate::commands::report::figures::{Bucket, Speed};
use crate::commands::report::words;

const TOP: f64 = 46.0;
const BOTTOM: f64 = 150.0;
const HEIGHT: f64 = 172.0;
/// Buckets double every two.
const PER_DOUBLING: f64 = 2.0;
/// Columns drawn at least, so that one bucket is no wall.
const LEAST_COLUMNS: u32 = 8;

/// Draws the times.
pub(in super::super) fn times(speed: &Speed) -> Markup {
    let numbers = speed.buckets.iter().map(|bucket| number(bucket.up_to_us));
    let (first, last) = (numbers.clone().min().unwrap_or(0), numbers.max().unwrap_or(0));
    let spare = LEAST_COLUMNS.saturating_sub(last - first + 1);
    let first = first.saturating_sub(spare / 2);
    let columns = (last - first + 1).max(LEAST_COLUMNS);
    let width = (RIGHT - LEFT) / f64::from(columns);
    let x = |bucket: u32| LEFT + width * f64::from(bucket.saturating_sub(first));
    let share = |bucket: &Bucket| words::share(bucket.count, speed.count).unwrap_or(0.0);
    let axis = Upwards { most: round_share(speed.buckets.iter().map(share)), bottom: BOTTOM };
    // The quantiles are written above the plot.
    let y = |share: f64| BOTTOM - (BOTTOM - axis.y(share)) * (BOTTOM - TOP) / (BOTTOM - super::TOP);
    let every = columns.div_ceil(5).max(1);
    let bounds = (0..columns)
        .filter(|column| column % every == every / 2)
        .map(|column| (LEFT + width * f64::from(column + 1), words::micros(bound_us(first + column))));
    let height = |row: usize| 12.0 + 13.0 * row as f64;
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(told(speed)) {
            @for tick in [0.0, axis.most / 2.0, axis.most] {
                path.grid d={ "M" (LEFT) " " (at(y(tick))) "H" (RIGHT) } {}
                text.tick x=(LEFT - 6.0) y=(at(y(tick) + 3.5)) text-anchor="end" { (tick_percent(tick)) }
            }
            @for bucket in &speed.buckets {
                rect.time x=(at(x(number(bucket.up_to_us)) + 0.8)) y=(at(y(share(bucket)))) width=(at((width - 1.6).max(0.8)))
                    height=(at(BOTTOM - y(share(bucket)))) {
                    title { "up to " (words::micros(bucket.up_to_us)) ": " (words::count(bucket.count)) " (" (words::percent(share(bucket))) ")" }
                }
            }
            path.axis d={ "M" (LEFT) " " (BOTTOM) "H" (RIGHT) } {}
            @for (x, text) in apart(bounds) { (below(x, BOTTOM + 15.0, &text)) }
            @for (row, (_, us)) in quantiles(speed).into_iter().enumerate() {
                path.quantile d={ "M" (at(x(number(us) + 1))) " " (at(height(row) - 8.0)) "V" (BOTTOM) } {}
            }
            @for (row, (name, us)) in quantiles(speed).into_iter().enumerate() {
                (quantile(&format!("{name} {}", words::micros(us)), x(number(us) + 1), height(row)))
            }
        }
    }
}

fn quantiles(speed: &Speed) -> Vec<(&'static str, u64)> {
    let all = [("median", speed.median_us), ("p95", speed.p95_us), ("p99", speed.p99_us)];
    all.into_iter().filter_map(|(name, us)| Some((name, us?))).collect()
}

fn quantile(text: &str, x: f64, y: f64) -> Markup {
    let is_late = x > RIGHT - 90.0;
    html! {
        text.label x=(at(if is_late { x - 4.0 } else { x + 4.0 })) y=(at(y + 1.0))
            text-anchor=(if is_late { "end" } else { "start" }) { (text) }
    }
}

/// Which bucket has this upper bound: bounds are powers of the root of two, rounded down.
fn number(up_to_us: u64) -> u32 {
    let doublings = (up_to_us.max(1) as f64).log2() * PER_DOUBLING;
    (doublings.ceil() as u32).max(1) - 1
}

fn bound_us(number: u32) -> u64 {
    ((f64::from(number) + 1.0) / PER_DOUBLING).exp2().floor() as u64
}

fn told(speed: &Speed) -> String {
    let all = quantiles(speed).into_iter().map(|(name, us)| format!("{name} at most {}", words::micros(us)));
    format!("Histogram of latency: {}.", all.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_wire::Latency;

    #[test]
    fn every_bucket_has_a_column_of_its_own() {
        for us in [1, 2, 3, 4, 5, 90, 128, 181, 1_000_000, 3_000_000_000] {
            let mut latency = Latency::default();
            latency.add(us);
            let bound = latency.quantile_us(1.0).unwrap();
            assert_eq!(bound_us(number(bound)), bound, "{us}");
        }
    }
}
