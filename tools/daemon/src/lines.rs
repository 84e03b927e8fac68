//! Reads a client's lines, none longer than is allowed, and writes an answer for each.

use std::io::{self, BufRead, BufReader, Read, Write};

use crate::line::refused;

/// How a client's lines came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// There are no more.
    Closed,
    /// One was too long: where the next would begin cannot be told.
    TooLong,
}

/// Answers each line in its order; an empty one is passed over. A last line without its end is a line.
pub(crate) fn serve(
    from: impl Read,
    mut to: impl Write,
    max_bytes: usize,
    mut answer: impl FnMut(&[u8]) -> serde_json::Value,
) -> io::Result<End> {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
        if from.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(End::Closed);
        }
        if line.len() > max_bytes && line.last() != Some(&b'\n') {
            let message = format!("a line has more than {max_bytes} bytes; input.max_line_bytes allows longer ones");
            write(&mut to, &refused("line_too_long", None, &message))?;
            return Ok(End::TooLong);
        }
        let text = line.trim_ascii();
        if !text.is_empty() {
            write(&mut to, &answer(text))?;
        }
    }
}

/// In one piece, so that a client never waits for the rest of a line.
fn write(to: &mut impl Write, document: &serde_json::Value) -> io::Result<()> {
    let mut text = document.to_string();
    text.push('\n');
    to.write_all(text.as_bytes())?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(text: &str, max_bytes: usize) -> (String, End) {
        let mut told = Vec::new();
        let length = |line: &[u8]| serde_json::json!(line.len());
        let end = serve(text.as_bytes(), &mut told, max_bytes, length).unwrap_or(End::TooLong);
        (String::from_utf8_lossy(&told).into_owned(), end)
    }

    #[test]
    fn each_line_has_its_answer_the_last_one_without_an_end_too() {
        assert_eq!(served("ab\n\n \r\nabc", 10), ("2\n3\n".into(), End::Closed));
    }

    #[test]
    fn a_line_of_the_longest_length_is_answered_and_a_longer_one_ends_it() {
        assert_eq!(served("abcd\n", 4), ("4\n".into(), End::Closed));
        let (told, end) = served("ab\nabcde\nab\n", 4);
        assert_eq!(end, End::TooLong);
        assert!(told.starts_with("2\n{\"error\":{\"code\":\"line_too_long\""), "{told}");
    }
}
