//! The scans: 1,797 images of 8 x 8 grey levels from 0 to 16, each with its digit.
//!
//! Source: the test set of "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak, 1998, UCI Machine
//! Learning Repository, doi 10.24432/C50P49, CC BY 4.0), as scikit-learn ships it (`load_digits`), exported once to
//! `digits.csv`: 64 grey levels in row-major order and the digit, one image a line.

use sha2::{Digest, Sha256};

const CSV: &str = include_str!("digits.csv");

/// Width and height of an image, in pixels.
pub const SIDE: usize = 8;

/// One scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Digit {
    /// Grey levels 0..=16, row-major; 16 is the darkest ink.
    pub pixels: Vec<f32>,
    /// The digit, 0..=9.
    pub label: u32,
}

/// All scans, in the order of their source (one writer after another).
///
/// # Errors
/// A message naming the line, when the data do not hold what they should.
pub fn digits() -> Result<Vec<Digit>, String> {
    CSV.lines().enumerate().map(|(i, line)| digit(line).ok_or_else(|| format!("line {} is no image", i + 1))).collect()
}

fn digit(line: &str) -> Option<Digit> {
    let values = line.split(',').map(|v| v.parse::<u8>().ok()).collect::<Option<Vec<u8>>>()?;
    let (label, pixels) = values.split_last()?;
    let good = pixels.len() == SIDE * SIDE && pixels.iter().all(|p| *p <= 16) && *label <= 9;
    good.then(|| Digit { pixels: pixels.iter().map(|p| f32::from(*p)).collect(), label: u32::from(*label) })
}

/// SHA-256 of the data file, in hex: the provenance of every model trained on it.
pub(super) fn sha256() -> String {
    Sha256::digest(CSV.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_1797_scans_of_ten_digits() {
        let digits = digits().expect("the data are whole");
        assert_eq!(digits.len(), 1797);
        // Class counts as scikit-learn's documentation of load_digits gives them ("~180 samples per class").
        let counts: Vec<usize> = (0..10).map(|label| digits.iter().filter(|d| d.label == label).count()).collect();
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    }
}
