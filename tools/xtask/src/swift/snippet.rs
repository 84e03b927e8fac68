//! The Swift that README.md and docs/sdk-ios.md show is the one that a test compiles and runs.

use std::fs;

use crate::project::Project;

/// Holds the snippet between its two marks, and runs it.
const RUN: &str = "ios/Tests/DunlinTests/Snippet.swift";
/// Shows it first among others.
const GUIDE: &str = "docs/sdk-ios.md";
/// Holds the lines on updates, which the guide shows second.
const UPDATES: &str = "ios/Tests/DunlinTests/UpdateSnippet.swift";

pub(super) fn check(project: &Project) -> Result<(), String> {
    let read = |name: &str| fs::read_to_string(project.root.join(name)).map_err(|error| format!("{name}: {error}"));
    let marked = |name: &str| between_marks(&read(name)?).ok_or_else(|| format!("{name} has lost its marks"));
    let (run, updates) = (marked(RUN)?, marked(UPDATES)?);
    let (guide, readme) = (read(GUIDE)?, read("README.md")?);
    let mut guide = blocks(&guide);
    let (Some(first), Some(second)) = (guide.next(), guide.next()) else {
        return Err(format!("{GUIDE} shows less Swift than two blocks"));
    };
    let of_readme = blocks(&readme).map(|block| ("README.md", block, RUN, &run));
    let mut shown = of_readme.chain([(GUIDE, first, RUN, &run), (GUIDE, second, UPDATES, &updates)]);
    match shown.find(|(_, block, _, lines)| block != lines) {
        Some((name, _, run, _)) => Err(format!("the Swift of {name} is not the one that {run} runs: change both")),
        None => Ok(()),
    }
}

/// The lines between the marks, as far to the left as they go.
fn between_marks(source: &str) -> Option<String> {
    let (_, after) = source.split_once("// snippet begins\n")?;
    let (lines, _) = after.split_once("    // snippet ends")?;
    Some(lines.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).map(|line| format!("{line}\n")).collect())
}

/// The blocks of Swift in a page.
fn blocks(page: &str) -> impl Iterator<Item = &str> {
    page.split("```swift\n").skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_pages_show_is_what_is_run() {
        assert_eq!(check(&Project::here(false)), Ok(()));
    }

    #[test]
    fn blocks_and_marks_are_found() {
        let page = "text\n```swift\nlet a = 1\n```\n```sh\nls\n```\n```swift\nb()\n```\n";
        assert_eq!(blocks(page).collect::<Vec<_>>(), ["let a = 1\n", "b()\n"]);
        let source = "func f() {\n    // snippet begins\n    let a = 1\n\n        b()\n    // snippet ends\n}\n";
        assert_eq!(between_marks(source).as_deref(), Some("let a = 1\n\n    b()\n"));
        assert_eq!(between_marks("func f() {}"), None);
    }
}
