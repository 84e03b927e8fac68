//! docs/channel.md: its walk-through works as written, and the tests that it names are there.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use dunlin_tests::binary;
use dunlin_tests::fixture::tiny_parts;

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/channel.md");
    std::fs::read_to_string(path).unwrap()
}

#[cfg(unix)]
#[test]
fn the_walk_through_works_as_written() {
    let folder = tempfile::tempdir().unwrap();
    for sequence in 1..=3 {
        let mut parts = tiny_parts();
        "digits".clone_into(&mut parts.model_id);
        parts.sequence = sequence;
        std::fs::write(folder.path().join(format!("digits-{sequence}.dunlin")), parts.write().unwrap()).unwrap();
    }
    let text = document();
    let (_, rest) = text.split_once("```sh\n").unwrap();
    let (script, _) = rest.split_once("```").unwrap();
    let tools = binary().parent().unwrap().to_owned();
    let path =
        std::env::join_paths([tools].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())))
            .unwrap();
    let done =
        Command::new("sh").args(["-e", "-c", script]).env("PATH", path).current_dir(folder.path()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}");
    for words in [
        "Roots that follow one another: 3.",
        "Bundles that are what the channel says: 2.",
        "wrong labels in training",
        "publisher2",
    ] {
        assert!(said.contains(words), "'{words}' is not in: {said}");
    }
}

#[test]
fn every_test_that_the_document_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    for folder in [root.join("channel"), root.join("../runtime/channel/tests/channel")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let text = document();
    let (_, rules) = text.split_once("## Rules").unwrap();
    let (rules, _) = rules.split_once("\n## ").unwrap();
    let named: BTreeSet<&str> =
        rules.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 2).collect();
    assert!(named.len() > 25, "{named:?}");
    for name in named {
        assert!(sources.contains(&format!("fn {name}(")), "there is no test {name}");
    }
}

#[test]
fn every_code_of_a_refusal_is_in_the_document() {
    let source = include_str!("../../runtime/channel/src/error.rs");
    let codes: Vec<&str> =
        source.lines().filter_map(|line| line.split_once(" } => \"")?.1.strip_suffix("\",")).collect();
    assert!(codes.len() >= 13, "{codes:?}");
    let text = document();
    let (_, refusals) = text.split_once("## Refusals").unwrap();
    codes.iter().for_each(|code| assert!(refusals.contains(&format!("`{code}`")), "{code}"));
}
