//! The C header that is committed is what cbindgen makes of bindings/c/src/abi; and the documents quote the example.
//! `DUNLIN_BLESS=1 cargo test --package xtask --test c_header` makes the header anew.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// In the order in which a C reader meets them.
const SOURCES: &[&str] = &[
    "version",
    "status",
    "config",
    "runtime",
    "install",
    "trial",
    "label",
    "session",
    "record",
    "predict",
    "precompute",
    "answer",
    "fallback",
    "upload",
    "sync",
    "update",
    "log",
];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bindings/c").join(path)
}

fn made() -> Result<String, Box<dyn Error>> {
    let mut config = cbindgen::Config::from_file(here("cbindgen.toml"))?;
    config.header = Some(fs::read_to_string(here("src/abi/preamble.h"))?);
    let sources = SOURCES.iter().map(|name| here("src/abi").join(name).with_extension("rs"));
    let builder = sources.fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
    let mut header = Vec::new();
    builder.generate()?.write(&mut header);
    Ok(String::from_utf8(header)?)
}

#[test]
fn the_committed_header_is_what_the_sources_make() -> Result<(), Box<dyn Error>> {
    let (committed, made) = (here("include/dunlin.h"), made()?);
    if std::env::var_os("DUNLIN_BLESS").is_some() {
        fs::write(&committed, &made)?;
    }
    let remedy = "include/dunlin.h is stale: DUNLIN_BLESS=1 cargo test --package xtask --test c_header";
    assert!(fs::read_to_string(committed)? == made, "{remedy}");
    Ok(())
}

#[test]
fn every_source_of_the_interface_is_in_the_header() -> Result<(), Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(here("src/abi"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        found.extend(name.strip_suffix(".rs").filter(|name| *name != "mod").map(str::to_owned));
    }
    found.sort();
    let mut known = SOURCES.to_vec();
    known.sort_unstable();
    assert_eq!(found, known);
    Ok(())
}

#[test]
fn the_documents_quote_the_example_that_is_compiled() -> Result<(), Box<dyn Error>> {
    let example = fs::read_to_string(here("examples/predict.c"))?;
    let quoted = format!("```c\n{example}```\n");
    assert!(fs::read_to_string(here("../../docs/sdk-c.md"))?.contains(&quoted), "docs/sdk-c.md");
    let readme = fs::read_to_string(here("../../README.md"))?;
    assert!(!readme.contains("#include <dunlin.h>") || readme.contains(&quoted), "README.md");
    Ok(())
}

#[test]
fn the_document_quotes_the_update_that_is_compiled() -> Result<(), Box<dyn Error>> {
    let test = fs::read_to_string(here("tests/updates.c"))?;
    let (_, after) = test.split_once("/* snippet begins */\n").ok_or("tests/updates.c has lost its marks")?;
    let (lines, _) = after.split_once("/* snippet ends */").ok_or("tests/updates.c has lost its marks")?;
    assert!(fs::read_to_string(here("../../docs/sdk-c.md"))?.contains(&format!("```c\n{lines}```\n")), "docs/sdk-c.md");
    Ok(())
}
