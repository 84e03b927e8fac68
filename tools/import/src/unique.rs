//! Names that nothing else has, found without trying one after the other from the start each time.

use std::collections::{HashMap, HashSet};

/// Names given so far.
#[derive(Default)]
pub(crate) struct Unique {
    taken: HashSet<String>,
    /// For each name that was wanted again, the next number to put behind it.
    next: HashMap<String, usize>,
}

impl Unique {
    /// Starts with names that are taken.
    pub(crate) fn new(taken: HashSet<String>) -> Self {
        Self { taken, next: HashMap::new() }
    }

    /// The wanted name, or it with a number behind that nothing has.
    pub(crate) fn give(&mut self, wanted: &str) -> String {
        if self.taken.insert(wanted.to_owned()) {
            return wanted.to_owned();
        }
        let next = self.next.entry(wanted.to_owned()).or_insert(1);
        loop {
            let name = format!("{wanted}~{next}");
            *next += 1;
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_wanted_again_gets_a_number_that_nothing_has() {
        let mut names = Unique::new(HashSet::from(["a".to_owned(), "a~1".to_owned()]));
        assert_eq!(["a", "b", "a", "b"].map(|name| names.give(name)), ["a~2", "b", "a~3", "b~1"]);
    }
}
