//! Texts in fixed arrays of C: cut at a character's boundary where they are too long, always ended by NUL.

use std::ffi::c_char;

/// As much of a text as fits, up to its first NUL, and zeros.
pub(crate) fn fixed<const N: usize>(text: &str) -> [c_char; N] {
    let text = text.split('\0').next().unwrap_or_default();
    let end = text.floor_char_boundary(N.saturating_sub(1));
    let mut array = [0; N];
    for (place, byte) in array.iter_mut().zip(&text.as_bytes()[..end]) {
        *place = *byte as c_char;
    }
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of<const N: usize>(array: [c_char; N]) -> String {
        assert_eq!(array[N - 1], 0);
        let bytes = array.iter().take_while(|byte| **byte != 0).map(|byte| *byte as u8).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_text_that_fits_stays_whole_and_one_that_does_not_is_cut_between_characters() {
        assert_eq!(text_of(fixed::<4>("abc")), "abc");
        assert_eq!(text_of(fixed::<4>("abcd")), "abc");
        assert_eq!(text_of(fixed::<4>("ab\u{e9}")), "ab");
        assert_eq!(text_of(fixed::<5>("ab\u{e9}")), "ab\u{e9}");
        assert_eq!(text_of(fixed::<4>("\u{1f426}")), "");
        assert_eq!(text_of(fixed::<1>("a")), "");
        assert_eq!(text_of(fixed::<8>("a\0b")), "a");
    }
}
