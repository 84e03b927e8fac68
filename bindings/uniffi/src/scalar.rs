//! A label's or an outcome's value.

use dunlin::journal;

/// A label's or an outcome's value.
#[derive(Clone, Debug, PartialEq, uniffi::Enum)]
pub enum Scalar {
    /// True or false.
    Boolean {
        /// The value.
        value: bool,
    },
    /// A whole number.
    Integer {
        /// The value.
        value: i64,
    },
    /// A finite real number.
    Number {
        /// The value.
        value: f64,
    },
    /// A text, a class name for example.
    Text {
        /// The value.
        value: String,
    },
}

impl From<Scalar> for journal::Scalar {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Boolean { value } => Self::Boolean(value),
            Scalar::Integer { value } => Self::Integer(value),
            Scalar::Number { value } => Self::Number(value),
            Scalar::Text { value } => Self::Text(value),
        }
    }
}
