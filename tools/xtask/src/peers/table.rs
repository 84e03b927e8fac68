//! The tables of docs/benchmarks.md.

use serde_json::Value;

use super::contest::{Contest, Who};
use super::rounds::Series;
use super::starts::Starts;
use super::workload::{PRECISIONS, Precision, TARGET_AVX2, WORKLOADS, Workload};

/// CPU time of an inference, by engine, and the ratios.
pub(super) fn speed(contest: &Contest) -> String {
    let mut table = "| model | precision | ONNX Runtime | LiteRT | candle | Dunlin | to the better peer | target | with AVX2 | target |\n\
                     |---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for workload in WORKLOADS {
        for precision in PRECISIONS {
            table += &line(contest, workload, precision);
        }
    }
    table
}

fn line(contest: &Contest, workload: &Workload, precision: Precision) -> String {
    let of = |who| contest.series(workload, precision, who);
    let (onnx_runtime, litert) = (contest.onnx_runtime(workload, precision), of(Who::LiteRt));
    let better = [onnx_runtime, litert].into_iter().flatten().min_by(|l, r| l.median().total_cmp(&r.median()));
    let (ratio, avx2) = (ratio(of(Who::Dunlin), better), ratio(of(Who::Avx2), better));
    let target_avx2 = if precision == Precision::F32 { judged(avx2, TARGET_AVX2) } else { "-".to_owned() };
    let cells = [
        workload.title.to_owned(),
        precision.name().to_owned(),
        times(onnx_runtime),
        times(litert),
        times(of(Who::Candle)),
        times(of(Who::Dunlin)),
        number(ratio),
        judged(ratio, workload.target(precision)),
        number(avx2),
        target_avx2,
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn ratio(ours: Option<&Series>, theirs: Option<&Series>) -> Option<f64> {
    Some(ours?.ratio_to(theirs?))
}

fn number(ratio: Option<f64>) -> String {
    ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"))
}

/// The target, and whether it was missed.
fn judged(ratio: Option<f64>, target: f64) -> String {
    let missed = ratio.is_none_or(|ratio| ratio > target);
    format!("{target:.2}{}", if missed { ", missed" } else { "" })
}

/// Microseconds: the median of the bursts and, in brackets, their lower quartile.
fn times(series: Option<&Series>) -> String {
    series.map_or("-".to_owned(), |series| {
        format!("{} ({})", microseconds(series.median()), microseconds(series.lower_quartile()))
    })
}

fn microseconds(nanoseconds: f64) -> String {
    let value = nanoseconds / 1e3;
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$}")
}

/// Load, first answer and memory, by engine.
pub(super) fn starts(all: &[Starts]) -> String {
    let mut table = "| model | precision | engine | load, µs | first answer, µs | peak RSS, KiB | arena, bytes | packed, bytes | kernels |\n\
                     |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for start in all {
        let told = |name: &str| match start.figures.as_ref().map(|figures| &figures[name]) {
            Some(Value::String(text)) => text.clone(),
            Some(value) if !value.is_null() => value.to_string(),
            _ => "-".to_owned(),
        };
        table += &format!(
            "| {} | {} | {} | {:.0} | {:.0} | {:.0} | {} | {} | {} |\n",
            start.workload.title,
            start.precision.name(),
            name(start.who),
            start.load_us,
            start.first_us,
            start.peak_rss_kb,
            told("arena_bytes"),
            told("packed_bytes"),
            told("kernels"),
        );
    }
    table
}

fn name(who: Who) -> &'static str {
    match who {
        Who::OnnxRuntime(_) => "ONNX Runtime",
        Who::LiteRt => "LiteRT",
        Who::Dunlin | Who::Avx2 => "Dunlin",
        Who::Candle => "candle",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_is_marked_and_so_is_a_missing_figure() {
        assert_eq!(judged(Some(0.8), 0.85), "0.85");
        assert_eq!(judged(Some(0.9), 0.85), "0.85, missed");
        assert_eq!(judged(None, 0.85), "0.85, missed");
    }

    #[test]
    fn times_have_three_digits() {
        assert_eq!(microseconds(1_234.5), "1.23");
        assert_eq!(microseconds(51_234.5), "51.2");
        assert_eq!(microseconds(1_651_234.5), "1651");
    }
}
