//! Whether a licence expression (SPDX 2.3, annex D) can be met with the licences that an app allows.

/// Deepest nesting of brackets; real expressions have one or two levels.
const MAX_DEPTH: usize = 16;

/// Whether an expression is met by the licences allowed: one side of an `OR`, both of an `AND`. An identifier with an
/// exception, `A WITH B`, must be listed so. What is no expression is not met.
pub(super) fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ");
    let mut parser = Parser { words: spaced.split_whitespace().peekable(), allowed };
    parser.either(0) == Some(true) && parser.words.peek().is_none()
}

struct Parser<'a, W: Iterator<Item = &'a str>> {
    words: std::iter::Peekable<W>,
    allowed: &'a [String],
}

/// Each gives whether its part is met; `None` where it is no expression.
impl<'a, W: Iterator<Item = &'a str>> Parser<'a, W> {
    fn either(&mut self, depth: usize) -> Option<bool> {
        let mut met = self.both(depth)?;
        while self.take("OR") {
            met |= self.both(depth)?;
        }
        Some(met)
    }

    fn both(&mut self, depth: usize) -> Option<bool> {
        let mut met = self.one(depth)?;
        while self.take("AND") {
            met &= self.one(depth)?;
        }
        Some(met)
    }

    fn one(&mut self, depth: usize) -> Option<bool> {
        if !self.take("(") {
            return self.license();
        }
        let met = if depth < MAX_DEPTH { self.either(depth + 1) } else { None }?;
        self.take(")").then_some(met)
    }

    fn license(&mut self) -> Option<bool> {
        let mut name = self.identifier()?.to_owned();
        if self.take("WITH") {
            name = format!("{name} WITH {}", self.identifier()?);
        }
        Some(self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name)))
    }

    fn identifier(&mut self) -> Option<&'a str> {
        let is_operator = |word: &&str| ["OR", "AND", "WITH", "(", ")"].iter().any(|op| word.eq_ignore_ascii_case(op));
        self.words.next_if(|word| !is_operator(word))
    }

    /// Takes the next word if it is this one; operators may be written in small letters too.
    fn take(&mut self, expected: &str) -> bool {
        self.words.next_if(|word| word.eq_ignore_ascii_case(expected)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_met(expression: &str) -> bool {
        let allowed = ["MIT", "Apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"].map(str::to_owned);
        is_allowed(expression, &allowed)
    }

    #[test]
    fn one_side_of_an_or_is_enough_and_an_and_wants_both() {
        for met in [
            "MIT",
            "mit",
            "GPL-3.0-only OR MIT",
            "MIT AND Apache-2.0",
            "(MIT AND (GPL-3.0-only OR Apache-2.0))",
            "GPL-3.0-only AND MIT OR Apache-2.0",
            "GPL-2.0-only WITH Classpath-exception-2.0",
        ] {
            assert!(is_met(met), "{met}");
        }
        for unmet in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "MIT AND (GPL-3.0-only OR BSD-3-Clause)",
            "GPL-2.0-only",
            "MIT WITH Classpath-exception-2.0",
        ] {
            assert!(!is_met(unmet), "{unmet}");
        }
    }

    #[test]
    fn what_is_no_expression_is_not_met() {
        let nested = format!("{}MIT{}", "(".repeat(10_000), ")".repeat(10_000));
        for broken in
            ["", " ", "MIT OR", "OR MIT", "MIT MIT", "(MIT", "MIT)", "()", "MIT AND", "MIT WITH", nested.as_str()]
        {
            assert!(!is_met(broken), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged(words in prop::collection::vec("MIT|GPL|OR|AND|WITH|\\(|\\)|.*", 0..12)) {
            let _ = is_met(&words.join(" "));
        }
    }
}
