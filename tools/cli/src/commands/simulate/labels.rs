//! Labels of a simulation: some are given, and some of those are wrong.

use dunlin::journal::Scalar;
use dunlin_bundle::schema::{Schema, Task};
use dunlin_models::train::SeededRandom;

use crate::error::{CliError, Kind};

/// Gives labels.
pub(super) struct Labeller {
    share: f64,
    noise: f64,
    /// Classes of the first classification, of which a wrong label names another.
    classes: Vec<String>,
    random: SeededRandom,
}

impl Labeller {
    pub(super) fn new(schema: &Schema, share: f64, noise: f64, random: SeededRandom) -> Result<Self, CliError> {
        let is_class = |task| matches!(task, Task::MulticlassClassification | Task::BinaryClassification);
        let classes = schema.output.iter().find(|output| is_class(output.task)).map(|output| output.classes.clone());
        let classes = classes.unwrap_or_default();
        if noise > 0.0 && classes.len() < 2 {
            let message = "--label-noise names another class, and this model has no classes";
            return Err(CliError::new(Kind::Usage, "bad_label_noise", message));
        }
        Ok(Self { share, noise, classes, random })
    }

    /// The label of one answer, where it is given one.
    pub(super) fn label(&mut self, truth: &Scalar, goes_wrong: bool) -> Option<Scalar> {
        let is_given = f64::from(self.random.uniform()) < self.share;
        let is_wrong = f64::from(self.random.uniform()) < self.noise && goes_wrong;
        let another = f64::from(self.random.uniform());
        is_given.then(|| if is_wrong { self.another(truth, another) } else { truth.clone() })
    }

    /// Another class, at random.
    fn another(&self, truth: &Scalar, random: f64) -> Scalar {
        let truth_text = match truth {
            Scalar::Text(text) => text.clone(),
            other => serde_json::to_string(other).unwrap_or_default(),
        };
        let others: Vec<&String> = self.classes.iter().filter(|class| **class != truth_text).collect();
        let at = (random * others.len() as f64) as usize;
        others.get(at).map_or_else(|| truth.clone(), |class| Scalar::Text((*class).clone()))
    }
}
