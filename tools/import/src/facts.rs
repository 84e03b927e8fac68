//! What is known of a value before the model runs: its element type, its shape with the batch as a symbol, and its
//! entries where they are whole numbers that shapes are made of.
//!
//! The claim behind [`Extent::Rows`], which every rule keeps: for a batch of N rows the value is what N runs of one row
//! each make, put one after the other along that dimension. A value has at most one such dimension; one without is the
//! same whatever the rows hold.

use dunlin_bundle::tensor::DType;

use crate::constant::Constant;
use crate::limits::MAX_KNOWN;

/// Size of a dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The same for every batch.
    Size(usize),
    /// So many for each row of the batch, the rows outermost.
    Rows(usize),
}

/// An entry of a value that shapes are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A number.
    Int(i64),
    /// So many times the number of rows; above zero.
    Rows(i64),
}

/// What is known of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<Extent>,
    /// The entries of a scalar or a short list of whole numbers or booleans.
    pub(crate) known: Option<Vec<Entry>>,
}

/// Why a node cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It uses the batch in a way that makes rows depend on each other, or on how many there are.
    Mixes(String),
    /// It is wrong, or not supported, whatever the batch.
    Wrong(String),
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Self::Wrong(reason)
    }
}

impl From<&str> for Fault {
    fn from(reason: &str) -> Self {
        Self::Wrong(reason.to_owned())
    }
}

impl Fact {
    pub(crate) fn new(dtype: DType, shape: Vec<Extent>) -> Self {
        Self { dtype, shape, known: None }
    }

    pub(crate) fn of(constant: &Constant) -> Self {
        let shape: Vec<Extent> = constant.shape.iter().map(|size| Extent::Size(*size)).collect();
        let short = shape.len() <= 1 && constant.elements() <= MAX_KNOWN;
        let known = if short { constant.to_i64() } else { None };
        let known = known.map(|values| values.into_iter().map(Entry::Int).collect());
        Self { dtype: constant.dtype, shape, known }
    }

    /// With entries, where there are as many as the shape says.
    pub(crate) fn with_known(self, known: Option<Vec<Entry>>) -> Self {
        let fits = |entries: &Vec<Entry>| match self.shape.as_slice() {
            [] => entries.len() == 1,
            [Extent::Size(size)] => entries.len() == *size && *size <= MAX_KNOWN,
            _ => false,
        };
        Self { known: known.filter(fits), ..self }
    }

    /// The dimension along which rows of the batch lie, and how many entries each has there.
    pub(crate) fn rows(&self) -> Option<(usize, usize)> {
        self.shape.iter().enumerate().find_map(|(axis, extent)| match extent {
            Extent::Rows(each) => Some((axis, *each)),
            Extent::Size(_) => None,
        })
    }

    /// The entries, if none of them is a number of rows.
    pub(crate) fn ints(&self) -> Option<Vec<i64>> {
        self.known.as_ref()?.iter().map(|entry| entry.int()).collect()
    }
}

impl Entry {
    pub(crate) fn int(self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(value),
            Self::Rows(_) => None,
        }
    }
}

impl Extent {
    /// The size, where it does not depend on the batch.
    pub(crate) fn size(self) -> Result<usize, Fault> {
        match self {
            Self::Size(size) => Ok(size),
            Self::Rows(_) => Err(Fault::Mixes("it treats the batch as any other dimension".to_owned())),
        }
    }

    /// Entries for one row.
    pub(crate) fn each(self) -> usize {
        match self {
            Self::Size(size) | Self::Rows(size) => size,
        }
    }
}

/// A shape as messages show it: `[N, 3, 8]`.
pub(crate) fn describe(shape: &[Extent]) -> String {
    let text = |extent: &Extent| match extent {
        Extent::Size(size) => size.to_string(),
        Extent::Rows(1) => "N".to_owned(),
        Extent::Rows(each) => format!("{each}N"),
    };
    format!("[{}]", shape.iter().map(text).collect::<Vec<_>>().join(", "))
}
