//! Reads what `cargo tree` prints with depths: which crates there are, and which needs which.

use std::collections::{BTreeMap, BTreeSet};

/// The crates of a program by name and version, and the program's own.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: String,
    pub(super) crates: BTreeMap<String, Crate>,
}

#[derive(Debug)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression; empty where the crate states none.
    pub(super) licence: String,
    /// It runs in the compiler, and so does all that it needs.
    is_macro: bool,
    pub(super) needs: BTreeSet<String>,
}

/// A line is `DEPTH NAME vVERSION [(proc-macro)] [(FOLDER)]|LICENCE [(*)]`; below the star would stand what stood before.
pub(super) fn read(text: &str) -> Result<Tree, String> {
    let mut crates = BTreeMap::new();
    let mut path: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (depth, found) =
            read_line(line).ok_or_else(|| format!("cargo tree says what is not understood: {line}"))?;
        let id = format!("{}@{}", found.name, found.version);
        path.truncate(depth);
        if let Some(above) = path.last().and_then(|above| crates.get_mut(above)) {
            let above: &mut Crate = above;
            above.needs.insert(id.clone());
        }
        path.push(id.clone());
        crates.entry(id).or_insert(found);
    }
    let root = path.into_iter().next().ok_or("cargo tree names no crate")?;
    Ok(Tree { root, crates })
}

fn read_line(line: &str) -> Option<(usize, Crate)> {
    let (depth, rest) = line.split_once(' ')?;
    let (package, licence) = rest.rsplit_once('|')?;
    let mut words = package.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    let found = Crate {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: spdx(licence.trim_end_matches("(*)").trim()),
        is_macro: words.next() == Some("(proc-macro)"),
        needs: BTreeSet::new(),
    };
    Some((depth.parse().ok()?, found))
}

/// Crates of old times write `MIT/Apache-2.0`, which SPDX does not know.
fn spdx(licence: &str) -> String {
    licence.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ")
}

impl Tree {
    /// What is in the program itself, and not in the compiler that made it alone.
    pub(super) fn linked(&self) -> BTreeSet<&str> {
        let mut linked = BTreeSet::new();
        let mut open = vec![self.root.as_str()];
        while let Some(id) = open.pop() {
            let Some(found) = self.crates.get(id).filter(|found| !found.is_macro) else { continue };
            if linked.insert(id) {
                open.extend(found.needs.iter().map(String::as_str));
            }
        }
        linked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
0 app v0.1.0 (/a folder/app)|MIT OR Apache-2.0
1 derive v1.2.0 (proc-macro)|MIT
2 syn v2.0.1|MIT/Apache-2.0
1 lib v3.0.0+spec-1|ISC
2 both v1.0.0|Zlib
1 both v1.0.0|Zlib (*)
";

    #[test]
    fn edges_come_from_depths_and_old_licences_are_put_right() -> Result<(), String> {
        let tree = read(TEXT)?;
        let needs = |id: &str| tree.crates[id].needs.iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(tree.root, "app@0.1.0");
        assert_eq!(needs("app@0.1.0"), ["both@1.0.0", "derive@1.2.0", "lib@3.0.0+spec-1"]);
        assert_eq!(needs("lib@3.0.0+spec-1"), ["both@1.0.0"]);
        assert_eq!(tree.crates["syn@2.0.1"].licence, "MIT OR Apache-2.0");
        assert_eq!(tree.crates["both@1.0.0"].licence, "Zlib");
        Ok(())
    }

    #[test]
    fn what_only_a_macro_needs_is_not_linked() -> Result<(), String> {
        let tree = read(TEXT)?;
        assert_eq!(tree.linked().into_iter().collect::<Vec<_>>(), ["app@0.1.0", "both@1.0.0", "lib@3.0.0+spec-1"]);
        Ok(())
    }

    #[test]
    fn a_line_that_is_not_understood_is_shown() {
        assert!(read("0 app|MIT").is_err_and(|why| why.ends_with("0 app|MIT")));
        assert!(read("").is_err());
    }
}
