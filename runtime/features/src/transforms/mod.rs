//! The transforms, one file each; a new one is a file and a line in [`KNOWN`].

mod bucketize;
mod clip;
mod hash_bucket;
mod image_scale;
mod log1p;
mod min_max;
mod one_hot;
mod standardize;

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

/// What flows through a chain of transforms: a text, one number, or the elements of a tensor or of an encoding.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Vector(Vec<f32>),
}

/// The type of a [`Cell`], known before any value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Vector(usize),
}

impl Kind {
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Text => "a text or category",
            Self::Number => "a number",
            Self::Vector(_) => "several numbers",
        }
    }

    /// How many numbers it ends as in a graph's input; a text has no such form.
    pub(crate) fn width(self) -> Option<usize> {
        match self {
            Self::Text => None,
            Self::Number => Some(1),
            Self::Vector(width) => Some(width),
        }
    }
}

impl Cell<'_> {
    /// Applies a function to each number; a text passes through, which no compiled chain lets happen.
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Number(value) => Self::Number(f(value)),
            Self::Vector(mut values) => {
                values.iter_mut().for_each(|v| *v = f(f64::from(*v)) as f32);
                Self::Vector(values)
            }
            Self::Text(text) => Self::Text(text),
        }
    }

    /// Numbers in the cell.
    fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        let (one, many) = match self {
            Self::Number(value) => (Some(*value), [].as_slice()),
            Self::Vector(values) => (None, values.as_slice()),
            Self::Text(_) => (None, [].as_slice()),
        };
        one.into_iter().chain(many.iter().map(|v| f64::from(*v)))
    }
}

/// A fitted transform.
pub(crate) trait Transform: Send + Sync + std::fmt::Debug {
    /// The kind it makes of a kind, or what it would have taken.
    fn kind(&self, input: Kind) -> Result<Kind, &'static str>;

    /// Transforms a value of a kind that [`Transform::kind`] accepts.
    fn apply<'a>(&self, cell: Cell<'a>) -> Cell<'a>;
}

/// What a transform's file offers.
pub(crate) trait TransformOp: Transform + Sized + Serialize + DeserializeOwned + 'static {
    /// Its name in `features.json`.
    const OP: &'static str;

    /// What its parameters must satisfy.
    fn validate(&self) -> Result<(), String>;

    /// Fills in what the settings leave open, from a sample that is not empty.
    fn fit(settings: Map<String, Json>, sample: &[Cell<'_>]) -> Result<Map<String, Json>, String>;
}

type Parse = fn(&Map<String, Json>) -> Result<Box<dyn Transform>, String>;
type Fit = fn(Map<String, Json>, &[Cell<'_>]) -> Result<Map<String, Json>, String>;

/// One known transform: how it is read and how it is fitted.
pub(crate) struct Known {
    pub(crate) op: &'static str,
    pub(crate) parse: Parse,
    pub(crate) fit: Fit,
}

const fn known<T: TransformOp>() -> Known {
    Known { op: T::OP, parse: parse::<T>, fit: T::fit }
}

fn parse<T: TransformOp>(params: &Map<String, Json>) -> Result<Box<dyn Transform>, String> {
    let transform: T = serde_json::from_value(Json::Object(params.clone())).map_err(|e| e.to_string())?;
    transform.validate()?;
    Ok(Box::new(transform))
}

/// Every transform of this version.
pub(crate) const KNOWN: &[Known] = &[
    known::<standardize::Standardize>(),
    known::<min_max::MinMax>(),
    known::<log1p::Log1p>(),
    known::<clip::Clip>(),
    known::<bucketize::Bucketize>(),
    known::<one_hot::OneHot>(),
    known::<hash_bucket::HashBucket>(),
    known::<image_scale::ImageScale>(),
];

/// Sets a parameter unless the settings already have it.
fn default_to(params: &mut Map<String, Json>, name: &str, value: impl FnOnce() -> Json) {
    if !params.contains_key(name) {
        params.insert(name.to_owned(), value());
    }
}

/// Every number of a sample.
fn all_numbers(sample: &[Cell<'_>]) -> Vec<f64> {
    sample.iter().flat_map(Cell::numbers).collect()
}

/// The kind of a transform that works number by number.
fn number_by_number(input: Kind) -> Result<Kind, &'static str> {
    match input {
        Kind::Text => Err("numbers"),
        Kind::Number | Kind::Vector(_) => Ok(input),
    }
}
