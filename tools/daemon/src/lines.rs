//! Reads a client's lines, none longer than is allowed, and writes an answer for each.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::line::Reply;
use crate::served::refused;

/// With nothing to tell for so long, an empty line shows whoever follows that the daemon is there, and the daemon whether
/// they are.
const QUIET: Duration = Duration::from_secs(10);

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
    mut answer: impl FnMut(&[u8]) -> Reply,
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
            write(&mut to, &refused("line_too_long", None, &message).to_string())?;
            return Ok(End::TooLong);
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        match answer(text) {
            Reply::Document(document) => write(&mut to, &document.to_string())?,
            Reply::Stream(answers) => return follow(&answers, &mut to),
        }
    }
}

/// What whoever follows is told first: from now on nothing is missed.
const FOLLOWING: &str = r#"{"following":"sensor"}"#;

/// Writes what comes until nothing does any more, or nobody reads it.
fn follow(answers: &Receiver<Arc<str>>, to: &mut impl Write) -> io::Result<End> {
    write(to, FOLLOWING)?;
    loop {
        match answers.recv_timeout(QUIET) {
            Ok(answer) => write(to, &answer)?,
            Err(RecvTimeoutError::Timeout) => write(to, "")?,
            Err(RecvTimeoutError::Disconnected) => return Ok(End::Closed),
        }
    }
}

/// In one piece, so that a client never waits for the rest of a line.
fn write(to: &mut impl Write, line: &str) -> io::Result<()> {
    to.write_all(format!("{line}\n").as_bytes())?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(text: &str, max_bytes: usize) -> (String, End) {
        let mut told = Vec::new();
        let length = |line: &[u8]| serde_json::json!(line.len()).into();
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
