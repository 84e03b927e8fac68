//! What quantisation cost: answers and inner values of the float graph against those of the quantised one.

use dunlin_bundle::Weights;
use dunlin_bundle::graph::Graph;
use dunlin_bundle::tensor::Tensor;
use serde_json::Value as Json;

use super::observe::{Observed, batch_size};
use super::{Limits, QuantizeError, Samples};
use crate::data::{Row, Source};

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Where the rows are from. On noise, everything below says nothing about the model's answers.
    pub source: Source,
    /// Rows that ranges were calibrated on; 0 where the method needs none.
    pub calibration_rows: usize,
    /// Rows that the two models were compared on.
    pub compared_rows: usize,
    /// Share of rows with the right class, in f32 and quantised, where there are labels.
    pub accuracy: Option<[f64; 2]>,
    /// Share of rows to which both give the same class, where the model gives classes.
    pub agreement: Option<f64>,
    /// Signal over noise of the outputs, in dB: `10 log10(sum f32^2 / sum (f32 - quantised)^2)`; infinite without
    /// noise.
    pub snr_db: f64,
    /// The root of the noise's share of the signal.
    pub relative_error: f64,
    /// Every quantised layer, in order.
    pub layers: Vec<Layer>,
}

/// What quantisation, of a layer and of all before it, does to the layer's result.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Name of its node.
    pub node: String,
    /// The result's signal over noise, in dB.
    pub snr_db: f64,
}

impl Report {
    /// The layer with the least signal over noise.
    #[must_use]
    pub fn worst_layer(&self) -> Option<&Layer> {
        self.layers.iter().min_by(|a, b| a.snr_db.total_cmp(&b.snr_db))
    }

    /// Refuses a loss over the limits. Noise tells nothing of a loss.
    pub(super) fn check(&self, limits: &Limits) -> Result<(), QuantizeError> {
        if self.source == Source::Noise {
            return Ok(());
        }
        let (measure, found, limit, is_worse) = match (self.accuracy, self.agreement) {
            (Some([float, quantized]), _) => {
                let drop = float - quantized;
                ("the loss of accuracy", drop, limits.accuracy_drop, drop > limits.accuracy_drop)
            }
            (None, Some(share)) => ("the agreement with f32", share, limits.agreement, share < limits.agreement),
            (None, None) => ("the signal over noise in dB", self.snr_db, limits.snr_db, self.snr_db < limits.snr_db),
        };
        if !is_worse {
            return Ok(());
        }
        let (layer, layer_snr_db) = self.worst_layer().map_or((String::new(), 0.0), |l| (l.node.clone(), l.snr_db));
        Err(QuantizeError::TooLossy { measure, found, limit, layer, layer_snr_db })
    }
}

/// A graph and its weights.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) graph: &'a Graph,
    pub(super) weights: &'a Weights,
}

/// Runs both models on the rows held out. `layers` are names of nodes and of values that both have.
pub(super) fn compare(
    float: Pair<'_>,
    quantized: Pair<'_>,
    layers: &[(String, String)],
    samples: &Samples,
    classes: &[String],
) -> Result<Report, QuantizeError> {
    let (rows, source) = (&samples.held_out, samples.source);
    let outputs = float.graph.outputs.iter().map(|output| output.name.clone());
    let values: Vec<String> = outputs.chain(layers.iter().map(|(_, value)| value.clone())).collect();
    let batch = batch_size(float.graph, float.weights, &values)?;
    let mut both = [float, quantized].map(|pair| Observed::new(pair.graph, pair.weights, &values));
    let mut noise = vec![Noise::default(); values.len()];
    let kind = Kind::of(float.graph);
    let mut tally = Tally::default();
    for (first, rows) in (0..).step_by(batch).zip(rows.chunks(batch)) {
        let [float, quantized] = &mut both;
        let (float, quantized) = (float.run(rows)?, quantized.run(rows)?);
        noise.iter_mut().zip(float.iter().zip(quantized)).for_each(|(noise, (f, q))| noise.add(&f.data, &q.data));
        if let (Some(f), Some(q)) = (float.first(), quantized.first()) {
            tally.add(kind, rows, first, f, q, classes)?;
        }
    }
    let (of_outputs, of_layers) = noise.split_at(float.graph.outputs.len());
    let whole = of_outputs.iter().fold(Noise::default(), |sum, part| sum.and(part));
    let layers =
        layers.iter().zip(of_layers).map(|((node, _), noise)| Layer { node: node.clone(), snr_db: noise.db() });
    Ok(Report {
        source,
        calibration_rows: 0,
        compared_rows: rows.len(),
        accuracy: tally.accuracy(),
        agreement: tally.agreement(),
        snr_db: whole.db(),
        relative_error: whole.relative(),
        layers: layers.collect(),
    })
}

/// Energies of a signal and of what it differs by.
#[derive(Clone, Copy, Default)]
struct Noise {
    signal: f64,
    noise: f64,
}

impl Noise {
    fn add(&mut self, float: &[f32], quantized: &[f32]) {
        for (f, q) in float.iter().zip(quantized) {
            let (f, q) = (f64::from(*f), f64::from(*q));
            self.signal += f * f;
            self.noise += (f - q) * (f - q);
        }
    }

    fn and(self, other: &Self) -> Self {
        Self { signal: self.signal + other.signal, noise: self.noise + other.noise }
    }

    fn db(&self) -> f64 {
        if self.noise == 0.0 { f64::INFINITY } else { 10.0 * (self.signal / self.noise).log10() }
    }

    fn relative(&self) -> f64 {
        if self.noise == 0.0 { 0.0 } else { (self.noise / self.signal).sqrt() }
    }
}

/// What a model's first output says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A number for each class; the greatest wins.
    Classes,
    /// The probability of one class.
    Probability,
    /// Anything else.
    Numbers,
}

impl Kind {
    fn of(graph: &Graph) -> Self {
        let Some(output) = graph.outputs.first() else { return Self::Numbers };
        let maker = graph.nodes.iter().find(|node| node.outputs.contains(&output.name));
        match maker.map(|node| node.op_type.as_str()) {
            Some("Softmax" | "LogSoftmax") => Self::Classes,
            Some("Sigmoid") if output.shape.get(1..) == Some(&[dunlin_bundle::graph::Dim::Size(1)]) => {
                Self::Probability
            }
            _ => Self::Numbers,
        }
    }

    /// The class that a row's numbers say.
    fn class(self, values: &[f32]) -> usize {
        match self {
            Self::Probability => usize::from(values.first().is_some_and(|p| *p > 0.5)),
            _ => {
                let best = values
                    .iter()
                    .enumerate()
                    .fold((0, f32::NEG_INFINITY), |best, (i, value)| if *value > best.1 { (i, *value) } else { best });
                best.0
            }
        }
    }
}

/// Counts of rows.
#[derive(Default)]
struct Tally {
    rows: usize,
    same: usize,
    labelled: usize,
    right: [usize; 2],
    has_classes: bool,
}

impl Tally {
    fn add(
        &mut self,
        kind: Kind,
        rows: &[Row],
        first: usize,
        float: &Tensor,
        quantized: &Tensor,
        classes: &[String],
    ) -> Result<(), QuantizeError> {
        let width: usize = float.shape.iter().skip(1).product();
        // Labels of numbers that are no classes are values of a regression.
        let is_classifier = kind != Kind::Numbers || !classes.is_empty();
        self.has_classes = is_classifier && width > 0;
        if !self.has_classes {
            return Ok(());
        }
        for (i, row) in rows.iter().enumerate() {
            let found = [float, quantized].map(|t| t.data.get(i * width..(i + 1) * width).map_or(0, |v| kind.class(v)));
            self.rows += 1;
            self.same += usize::from(found[0] == found[1]);
            if let Some(label) = &row.label {
                let known = if kind == Kind::Probability { 2 } else { width };
                let class = class_of(label, classes, known);
                let class = class.ok_or(QuantizeError::BadLabel { row: first + i, classes: known })?;
                self.labelled += 1;
                self.right.iter_mut().zip(found).for_each(|(right, found)| *right += usize::from(found == class));
            }
        }
        Ok(())
    }

    fn accuracy(&self) -> Option<[f64; 2]> {
        (self.labelled > 0).then(|| self.right.map(|right| right as f64 / self.labelled as f64))
    }

    fn agreement(&self) -> Option<f64> {
        (self.has_classes && self.rows > 0).then(|| self.same as f64 / self.rows as f64)
    }
}

/// The class that a label means: its name, or its number.
fn class_of(label: &Json, classes: &[String], known: usize) -> Option<usize> {
    let number = |n: u64| usize::try_from(n).ok().filter(|n| *n < known);
    match label {
        Json::String(name) => classes.iter().position(|class| class == name).or_else(|| number(name.parse().ok()?)),
        Json::Number(n) => number(n.as_u64()?),
        Json::Bool(yes) => number(u64::from(*yes)),
        _ => None,
    }
}
