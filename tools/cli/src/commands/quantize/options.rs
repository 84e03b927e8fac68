//! How a model is quantised and what it may lose, as `dunlin import` and `dunlin quantize` take it, and what came out.

use std::str::FromStr;

use dunlin_import::Source;
use dunlin_import::quantize::{Layer, Limits, Method, Options, QuantizeError, Ranges, Report};
use serde_json::{Value, json};

use crate::error::{CliError, Kind};
use crate::output::{facts, table};

/// What `dunlin import` and `dunlin quantize` share.
#[derive(clap::Args)]
pub(crate) struct LossArgs {
    /// Leave the rarest values out of the ranges of int8: of 100, this many stay, such as 99.99. Without it, none goes.
    #[arg(long, value_parser = percentile)]
    percentile: Option<f64>,
    /// The worst result to accept: accuracy-drop=0.02 with labels, agreement=0.95 for classes without labels, snr=20
    /// (dB) for anything else.
    #[arg(long, value_delimiter = ',', value_name = "MEASURE=NUMBER")]
    limit: Vec<Limit>,
    /// Accept any loss.
    #[arg(long)]
    accept_loss: bool,
}

/// One limit.
#[derive(Clone, Copy)]
enum Limit {
    AccuracyDrop(f64),
    Agreement(f64),
    Snr(f64),
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = "it is accuracy-drop=NUMBER, agreement=NUMBER or snr=NUMBER";
        let (measure, number) = text.split_once('=').ok_or(known)?;
        let number: f64 = number.parse().map_err(|_| format!("'{number}' is no number"))?;
        match measure {
            "accuracy-drop" => Ok(Self::AccuracyDrop(number)),
            "agreement" => Ok(Self::Agreement(number)),
            "snr" => Ok(Self::Snr(number)),
            _ => Err(known.to_owned()),
        }
    }
}

fn percentile(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("'{text}' is no number"))?;
    if number > 50.0 && number <= 100.0 { Ok(number) } else { Err("it is above 50 and at most 100".to_owned()) }
}

impl LossArgs {
    /// For a model with these classes.
    pub(crate) fn options(&self, classes: Vec<String>) -> Options {
        let mut limits = Limits::default();
        for limit in &self.limit {
            match *limit {
                Limit::AccuracyDrop(number) => limits.accuracy_drop = number,
                Limit::Agreement(number) => limits.agreement = number,
                Limit::Snr(number) => limits.snr_db = number,
            }
        }
        let ranges = self.percentile.map_or(Ranges::MinMax, Ranges::Percentile);
        Options { ranges, limits, accept_loss: self.accept_loss, classes }
    }
}

impl From<QuantizeError> for CliError {
    fn from(error: QuantizeError) -> Self {
        let code = if matches!(error, QuantizeError::TooLossy { .. }) { "too_lossy" } else { "cannot_quantize" };
        Self::new(Kind::Model, code, error)
    }
}

/// The report for machines.
pub(crate) fn document(method: Method, report: &Report) -> Value {
    let layers: Vec<Value> =
        report.layers.iter().map(|Layer { node, snr_db }| json!({ "node": node, "snr_db": snr_db })).collect();
    json!({
        "method": method.to_string(), "noise": report.source == Source::Noise,
        "calibration_rows": report.calibration_rows, "compared_rows": report.compared_rows,
        "accuracy": report.accuracy.map(|[f32, quantized]| json!({ "f32": f32, "quantized": quantized })),
        "agreement": report.agreement, "snr_db": report.snr_db, "relative_error": report.relative_error,
        "layers": layers,
    })
}

/// The report for people.
pub(crate) fn text(method: Method, report: &Report) -> String {
    let mut rows = vec![("quantised", method.to_string())];
    if report.source == Source::Noise {
        rows.push(("on", "seeded noise: only speed and size can be trusted, not the answers".to_owned()));
    }
    if report.calibration_rows > 0 {
        rows.push(("calibrated on", format!("{} rows", report.calibration_rows)));
    }
    rows.push(("compared on", format!("{} rows", report.compared_rows)));
    if let Some([f32, quantized]) = report.accuracy {
        rows.push(("accuracy", format!("{quantized:.4}, in f32 {f32:.4}")));
    }
    if let Some(agreement) = report.agreement {
        rows.push(("same class as f32", format!("{:.2} % of rows", agreement * 100.0)));
    }
    let relative = report.relative_error * 100.0;
    rows.push(("outputs", format!("{:.1} dB of signal over noise ({relative:.2} % off)", report.snr_db)));
    let layers = report.layers.iter().map(|layer| [layer.node.clone(), format!("{:.1}", layer.snr_db)]);
    format!("{}\n\n{}", facts(rows), table(["layer", "signal over noise, dB"], layers))
}
