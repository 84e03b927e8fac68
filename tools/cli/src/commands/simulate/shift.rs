//! Shifts at work: each is bound to the schema once, and changes one record after another.

use dunlin::{TensorValue, Value};
use dunlin_bundle::schema::{Feature, FeatureType, Schema};
use dunlin_bundle::tensor::DType;
use dunlin_models::digits::{Digit, SIDE, WornCamera};
use dunlin_models::train::SeededRandom;
use dunlin_models::vibration::{WINDOW, WornMount};

use super::source::Sample;
use super::spec::{Change, Spec, Unit, What};
use crate::error::{CliError, Kind};

/// A level that no vocabulary lists.
const UNLISTED: &str = "(a level that nobody listed)";

/// Changes records.
pub(super) struct Shifter {
    shifts: Vec<Shift>,
    random: SeededRandom,
}

/// One shift of the feature at a position.
struct Shift {
    at: usize,
    effect: Effect,
}

enum Effect {
    Add(f64),
    Scale(f64),
    /// Becomes this (nothing for a missing value) in a share of the records.
    Become(Option<Value<'static>>, f64),
    /// One element becomes this in a share of the records.
    Spoil(f32, f64),
    /// Stays as it first was.
    Freeze(Option<Option<Value<'static>>>),
    Camera(WornCamera),
    Mount(WornMount),
}

impl Shifter {
    /// Binds the specs to a schema and the spread of the records.
    pub(super) fn bind(
        specs: &[Spec],
        schema: &Schema,
        samples: &[Sample],
        random: SeededRandom,
    ) -> Result<Self, CliError> {
        let bind = |spec: &Spec| {
            let wrong =
                |what: String| CliError::new(Kind::Usage, "bad_shift", format!("--shift {}: {what}", spec.text));
            shift(&spec.what, schema, samples).map_err(wrong)
        };
        Ok(Self { shifts: specs.iter().map(bind).collect::<Result<_, _>>()?, random })
    }

    /// Changes one record.
    pub(super) fn shift(&mut self, values: &mut [Option<Value<'static>>]) {
        for shift in &mut self.shifts {
            // Bound to the schema that the record was made for.
            let Some(value) = values.get_mut(shift.at) else { continue };
            shift.effect.change(value, &mut self.random);
        }
    }
}

fn shift(what: &What, schema: &Schema, samples: &[Sample]) -> Result<Shift, String> {
    let (name, change) = match what {
        What::Feature(name, change) => (name, change),
        What::Camera(camera) => {
            let none = format!("no feature is a picture of {SIDE} x {SIDE} floats, as a camera sees it");
            let at = of_floats(schema, &[SIDE, SIDE]).ok_or(none)?;
            return Ok(Shift { at, effect: Effect::Camera(*camera) });
        }
        What::Mount(mount) => {
            let none = format!("no feature is a window of {WINDOW} floats, as an accelerometer gives it");
            let at = of_floats(schema, &[WINDOW]).ok_or(none)?;
            return Ok(Shift { at, effect: Effect::Mount(*mount) });
        }
    };
    let Some(at) = schema.position(name) else {
        let names: Vec<&str> = schema.feature.iter().map(|feature| feature.name.as_str()).collect();
        return Err(format!("there is no feature '{name}'; there are {}", names.join(", ")));
    };
    let effect = effect(change, &schema.feature[at], &|| spread(samples, at))?;
    Ok(Shift { at, effect })
}

/// The first tensor of floats of this shape.
fn of_floats(schema: &Schema, shape: &[usize]) -> Option<usize> {
    schema.feature.iter().position(|f| f.kind == FeatureType::Tensor && f.tensor_sizes() == shape && is_f32(f))
}

fn effect(change: &Change, feature: &Feature, spread: &dyn Fn() -> f64) -> Result<Effect, String> {
    let is_number = matches!(feature.kind, FeatureType::Number | FeatureType::Integer);
    match change {
        Change::Add(..) | Change::Scale(_) if !is_number => Err("it must be a number or an integer".to_owned()),
        Change::Add(by, Unit::Own) => Ok(Effect::Add(*by)),
        Change::Add(by, Unit::StandardDeviation) => Ok(Effect::Add(by * spread())),
        Change::Scale(by) => Ok(Effect::Scale(*by)),
        Change::Missing(share) => Ok(Effect::Become(None, *share)),
        Change::Nan(share) => match feature.kind {
            FeatureType::Number => Ok(Effect::Become(Some(Value::Number(f64::NAN)), *share)),
            FeatureType::Tensor if is_f32(feature) => Ok(Effect::Spoil(f32::NAN, *share)),
            _ => Err("only a number or a tensor of floats can be NaN".to_owned()),
        },
        Change::Outside(share) => outside(feature, *share),
        Change::Level(level, share) => {
            let value = match (feature.kind, level.as_str()) {
                (FeatureType::Category, level) => Value::Category(level.to_owned().into()),
                (FeatureType::Boolean, "true") => Value::Boolean(true),
                (FeatureType::Boolean, "false") => Value::Boolean(false),
                (FeatureType::Boolean, _) => return Err("a boolean is true or false".to_owned()),
                _ => return Err("it must be a category or a boolean to have levels".to_owned()),
            };
            Ok(Effect::Become(Some(value), *share))
        }
        Change::Freeze => Ok(Effect::Freeze(None)),
    }
}

/// A value outside of the feature's domain.
fn outside(feature: &Feature, share: f64) -> Result<Effect, String> {
    let beyond = feature.float_domain.and_then(|d| d.max.map(|max| max + 1.0).or(d.min.map(|min| min - 1.0)));
    let none = || "it has no domain that a value could lie outside of".to_owned();
    match feature.kind {
        FeatureType::Number => Ok(Effect::Become(Some(Value::Number(beyond.ok_or_else(none)?)), share)),
        FeatureType::Tensor if is_f32(feature) => Ok(Effect::Spoil(beyond.ok_or_else(none)? as f32, share)),
        FeatureType::Integer => {
            let domain = feature.int_domain.ok_or_else(none)?;
            let beyond = domain.max.checked_add(1).or(domain.min.checked_sub(1)).ok_or_else(none)?;
            Ok(Effect::Become(Some(Value::Integer(beyond)), share))
        }
        FeatureType::Category => Ok(Effect::Become(Some(Value::Category(UNLISTED.into())), share)),
        _ => Err(none()),
    }
}

fn is_f32(feature: &Feature) -> bool {
    feature.dtype == Some(DType::F32)
}

/// Standard deviation of a feature in the records.
fn spread(samples: &[Sample], at: usize) -> f64 {
    let values = || samples.iter().filter_map(|sample| sample.values.get(at)?.as_ref()?.as_number());
    let n = values().count().max(1) as f64;
    let mean = values().sum::<f64>() / n;
    (values().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
}

impl Effect {
    fn change(&mut self, value: &mut Option<Value<'static>>, random: &mut SeededRandom) {
        match self {
            Self::Add(by) => number(value, |number| number + *by),
            Self::Scale(by) => number(value, |number| number * *by),
            Self::Become(other, share) => {
                if f64::from(random.uniform()) < *share {
                    value.clone_from(other);
                }
            }
            Self::Spoil(element, share) => {
                if f64::from(random.uniform()) < *share {
                    elements(value, |elements| {
                        if let Some(first) = elements.first_mut() {
                            *first = *element;
                        }
                    });
                }
            }
            Self::Freeze(first) => value.clone_from(first.get_or_insert_with(|| value.clone())),
            Self::Camera(camera) => elements(value, |pixels| {
                let digit = Digit { pixels: std::mem::take(pixels), label: 0 };
                *pixels = camera.see(&digit, random).pixels;
            }),
            Self::Mount(mount) => elements(value, |samples| *samples = mount.measure(samples)),
        }
    }
}

/// Changes a number; an integer stays one.
fn number(value: &mut Option<Value<'static>>, change: impl Fn(f64) -> f64) {
    match value {
        Some(Value::Number(number)) => *number = change(*number),
        Some(Value::Integer(integer)) => *integer = change(*integer as f64).round() as i64,
        _ => {}
    }
}

/// Changes the elements of a tensor of floats.
fn elements(value: &mut Option<Value<'static>>, change: impl FnOnce(&mut Vec<f32>)) {
    if let Some(Value::Tensor(tensor)) = value {
        let mut elements: Vec<f32> = tensor.elements().map(|element| element as f32).collect();
        change(&mut elements);
        *tensor = TensorValue::from_f32(&tensor.shape, &elements);
    }
}
