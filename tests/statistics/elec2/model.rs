//! Logistic regression: time of day as a point on the circle, and the five features, standardised on the training rows.

use super::{FEATURES, HalfHour};

/// One, sine and cosine of the time of day, and the features.
const INPUTS: usize = 3 + FEATURES.len();
const STEPS: usize = 3000;
const RATE: f64 = 0.5;

pub(crate) struct Logistic {
    center: [f64; FEATURES.len()],
    scale: [f64; FEATURES.len()],
    weights: [f64; INPUTS],
}

impl Logistic {
    /// Minimises the mean log loss by gradient descent on all rows, from zero: no seed, the same every time.
    pub(crate) fn fit(rows: &[HalfHour]) -> Self {
        let n = rows.len() as f64;
        let mean = |of: &dyn Fn(&HalfHour) -> f64| rows.iter().map(of).sum::<f64>() / n;
        let center: [f64; FEATURES.len()] = std::array::from_fn(|f| mean(&|row| row.watched[f]));
        let scale = std::array::from_fn(|f| {
            let spread = mean(&|row| (row.watched[f] - center[f]).powi(2)).sqrt();
            // A feature that never varied teaches nothing, and must not blow up when it does.
            if spread > 1e-9 { spread } else { f64::INFINITY }
        });
        let mut model = Self { center, scale, weights: [0.0; INPUTS] };
        let inputs: Vec<([f64; INPUTS], f64)> =
            rows.iter().map(|row| (model.inputs(row), f64::from(u8::from(row.rises)))).collect();
        for _ in 0..STEPS {
            let mut gradient = [0.0; INPUTS];
            for (x, y) in &inputs {
                let miss = model.probability(x) - y;
                gradient.iter_mut().zip(x).for_each(|(g, x)| *g += miss * x / n);
            }
            model.weights.iter_mut().zip(gradient).for_each(|(weight, gradient)| *weight -= RATE * gradient);
        }
        model
    }

    pub(crate) fn rises(&self, row: &HalfHour) -> bool {
        self.probability(&self.inputs(row)) > 0.5
    }

    fn inputs(&self, row: &HalfHour) -> [f64; INPUTS] {
        let (sin, cos) = (std::f64::consts::TAU * row.period).sin_cos();
        std::array::from_fn(|i| match i {
            0 => 1.0,
            1 => sin,
            2 => cos,
            _ => (row.watched[i - 3] - self.center[i - 3]) / self.scale[i - 3],
        })
    }

    fn probability(&self, inputs: &[f64; INPUTS]) -> f64 {
        let sum: f64 = inputs.iter().zip(&self.weights).map(|(x, weight)| x * weight).sum();
        1.0 / (1.0 + (-sum).exp())
    }
}
