//! What every attack needs: an honest bundle to start from, and how a refusal is stated.

use std::sync::LazyLock;

use dunlin_bundle::{BundleError, Contents, LayoutFault};
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::forge::{RawEntry, pack, unpack};
use serde_json::Value;

/// An honest, unsigned bundle.
pub(crate) static HONEST: LazyLock<Vec<u8>> = LazyLock::new(|| tiny_parts().write().expect("the fixture is valid"));

/// Why a file is refused when its signature does not matter.
pub(crate) fn refusal(file: Vec<u8>) -> BundleError {
    Contents::read_unsigned(file).map(drop).expect_err("the attack must be refused")
}

/// Asserts code and entry of a refusal, and that its text names the entry.
#[track_caller]
pub(crate) fn assert_refused(file: Vec<u8>, code: &str, entry: &str) -> BundleError {
    let error = refusal(file);
    assert_eq!((error.code(), error.entry()), (code, Some(entry)), "{error}");
    assert!(error.to_string().contains(entry), "the text does not name {entry}: {error}");
    error
}

/// Asserts a refusal whose text says some words.
#[track_caller]
pub(crate) fn assert_says(file: Vec<u8>, code: &str, entry: &str, words: &str) {
    let error = assert_refused(file, code, entry);
    assert!(error.to_string().contains(words), "{words:?} is not in: {error}");
}

/// Asserts a difference of layout.
#[track_caller]
pub(crate) fn assert_fault(file: Vec<u8>, at: &str, expected: &LayoutFault) {
    match refusal(file) {
        BundleError::Layout { entry, fault } => assert_eq!((entry.as_str(), &fault), (at, expected)),
        other => panic!("not a layout error: {other}"),
    }
}

/// An honest bundle whose entries were meddled with and whose manifest was not.
pub(crate) fn meddled(edit: impl FnOnce(&mut Vec<RawEntry>)) -> Vec<u8> {
    let mut entries = unpack(&HONEST);
    edit(&mut entries);
    pack(&entries)
}

/// An honest bundle one of whose JSON entries was changed, with a manifest that says so.
pub(crate) fn with_json(name: &str, edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    dunlin_tests::forge::forge_json(&HONEST, name, edit)
}

/// An honest bundle one of whose entries was replaced, with a manifest that says so.
pub(crate) fn with_content(name: &str, content: impl Into<Vec<u8>>) -> Vec<u8> {
    dunlin_tests::forge::forge_content(&HONEST, name, content)
}
