//! The guard: what an answer must satisfy before anyone may use it.

use std::sync::Arc;

use dunlin_bundle::reference::{DistanceThreshold, GuardThresholds};
use dunlin_bundle::schema::{FloatDomain, Output, Schema, Task};
use dunlin_bundle::tensor::Tensor;
use dunlin_drift::RobustScale;
use dunlin_engine::RawOutput;
use dunlin_features::Scalars;

use crate::error::LoadError;
use crate::prediction::{Class, OutputValue, Prediction, Reason, Verdict};
use crate::scalars::ScalarSet;

/// Judges outputs by four rules: finite, within range, confident, and made from an input that resembles the training
/// sample.
#[derive(Clone, Debug)]
pub struct Guard {
    outputs: Vec<OutputRule>,
    min_confidence: Option<f64>,
    distance: Option<DistanceRule>,
}

#[derive(Clone, Debug)]
struct OutputRule {
    name: Arc<str>,
    task: Task,
    classes: Vec<Arc<str>>,
    range: Option<FloatDomain>,
}

#[derive(Clone, Debug)]
struct DistanceRule {
    scalars: ScalarSet,
    scales: Vec<RobustScale>,
    max: f64,
}

impl Guard {
    /// Prepares a bundle's thresholds for its schema.
    ///
    /// # Errors
    /// [`LoadError::UnknownScalar`] when a threshold names a scalar that the schema does not have.
    pub fn new(schema: &Schema, thresholds: &GuardThresholds) -> Result<Self, LoadError> {
        let distance = thresholds.distance.as_ref().map(|d| DistanceRule::new(schema, d)).transpose()?;
        let outputs = schema.output.iter().map(OutputRule::new).collect();
        Ok(Self { outputs, min_confidence: thresholds.min_confidence, distance })
    }

    /// Reads the outputs that were made of a record as the schema says, and judges them.
    #[must_use]
    pub fn judge(&self, record: &Scalars<'_>, raw: &RawOutput) -> Prediction {
        self.judge_with(raw, |reasons| self.distance.as_ref().map(|rule| rule.judge(record, reasons)))
    }

    /// The same for outputs whose input is not at hand, another machine's for example: by every rule but the distance.
    #[must_use]
    pub fn judge_outputs(&self, raw: &RawOutput) -> Prediction {
        self.judge_with(raw, |_| None)
    }

    fn judge_with(&self, raw: &RawOutput, distance: impl FnOnce(&mut Vec<Reason>) -> Option<f64>) -> Prediction {
        let mut reasons = Vec::new();
        let outputs = self.read_outputs(raw, &mut reasons);
        let confidence = outputs.iter().flatten().find_map(|o| o.class.as_ref()).map(|class| class.probability);
        self.judge_confidence(outputs.as_deref().unwrap_or_default(), &mut reasons);
        let distance = distance(&mut reasons);
        let verdict = if reasons.is_empty() { Verdict::Accept } else { Verdict::Abstain(reasons) };
        Prediction { outputs, verdict, confidence, distance }
    }

    fn read_outputs(&self, raw: &RawOutput, reasons: &mut Vec<Reason>) -> Option<Vec<OutputValue>> {
        let mut finite = true;
        let mut outputs = Vec::with_capacity(self.outputs.len());
        for (rule, tensor) in self.outputs.iter().zip(&raw.tensors) {
            if tensor.data.iter().all(|v| v.is_finite()) {
                outputs.push(rule.read(tensor, reasons));
            } else {
                finite = false;
                reasons.push(Reason::NonFinite { output: Arc::clone(&rule.name) });
            }
        }
        finite.then_some(outputs)
    }

    fn judge_confidence(&self, outputs: &[OutputValue], reasons: &mut Vec<Reason>) {
        let Some(min) = self.min_confidence else { return };
        for output in outputs {
            if let Some(class) = output.class.as_ref().filter(|class| class.probability < min) {
                let (output, confidence) = (Arc::clone(&output.name), class.probability);
                reasons.push(Reason::LowConfidence { output, confidence, min });
            }
        }
    }
}

impl OutputRule {
    fn new(output: &Output) -> Self {
        Self {
            name: output.name.as_str().into(),
            task: output.task,
            classes: output.classes.iter().map(|c| c.as_str().into()).collect(),
            range: output.float_domain,
        }
    }

    fn read(&self, tensor: &Tensor, reasons: &mut Vec<Reason>) -> OutputValue {
        if self.range.is_some_and(|range| tensor.data.iter().any(|v| !range.contains(f64::from(*v)))) {
            reasons.push(Reason::OutOfRange { output: Arc::clone(&self.name) });
        }
        OutputValue { name: Arc::clone(&self.name), class: self.class(&tensor.data), values: tensor.data.clone() }
    }

    /// The most probable class; of equals, the first.
    fn class(&self, values: &[f32]) -> Option<Class> {
        let (index, probability) = match (self.task, values) {
            (Task::MulticlassClassification, [first, rest @ ..]) => {
                rest.iter().enumerate().fold((0, *first), |best, (i, v)| if *v > best.1 { (i + 1, *v) } else { best })
            }
            (Task::BinaryClassification, [second]) if *second >= 0.5 => (1, *second),
            (Task::BinaryClassification, [second]) => (0, 1.0 - second),
            _ => return None,
        };
        let name = self.classes.get(index).cloned().unwrap_or_else(|| index.to_string().into());
        Some(Class { index, name, probability: f64::from(probability) })
    }
}

impl DistanceRule {
    fn new(schema: &Schema, threshold: &DistanceThreshold) -> Result<Self, LoadError> {
        let mut scalars = ScalarSet::of(schema);
        if let Some(name) = threshold.scales.keys().find(|name| !scalars.names().any(|n| **n == ***name)) {
            return Err(LoadError::UnknownScalar { scalar: name.clone() });
        }
        scalars.retain(|name| threshold.scales.contains_key(name));
        let scales = scalars.names().filter_map(|name| threshold.scales.get(&**name)).copied().collect();
        Ok(Self { scalars, scales, max: threshold.max })
    }

    /// The largest distance of any scalar; one reason for it when it is too large.
    fn judge(&self, record: &Scalars<'_>, reasons: &mut Vec<Reason>) -> f64 {
        let mut farthest = (0.0, None);
        for ((name, scale), value) in self.scalars.names().zip(&self.scales).zip(self.scalars.values(record)) {
            let distance = value.map_or(0.0, |v| scale.distance(v));
            if distance > farthest.0 {
                farthest = (distance, Some(name));
            }
        }
        if let (distance, Some(name)) = farthest
            && distance > self.max
        {
            reasons.push(Reason::FarFromReference { scalar: Arc::clone(name), distance, max: self.max });
        }
        farthest.0
    }
}
