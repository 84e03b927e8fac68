//! Kotlin and Swift have the same public names, and C has those of a device; what differs stands in a table of docs/sdk.md.
//! Compared are types, their functions, properties and cases, in the order Kotlin, Swift; not parameters, and not what stands
//! under android/ and Platform/, which is each system's own.

mod names;

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use names::{Language, identifiers, names_of, snake};

const KOTLIN: &str = "android/dunlin/src/main/kotlin/dev/dunlin";
const SWIFT: &str = "ios/Sources/Dunlin";
const GENERATED: &str = "bindings/uniffi/src";
const HEADER: &str = "bindings/c/include/dunlin.h";
const TABLE: &str = "docs/sdk.md";

/// What C has in structs and functions too; the rest it tells as JSON, or does with numbers.
const IN_C: &[&str] = &[
    "dunlin",
    "session",
    "record",
    "dunlin_error",
    "install_report",
    "install_outcome",
    "answered_by",
    "verdict",
    "reason",
    "link",
    "log_level",
    "ask_on",
    "durability",
    "sync_report",
    "upload",
    "response",
    "reported",
    "switch",
    "fallback_step",
    "fetch",
    "precompute_report",
];

type Names = BTreeSet<String>;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The public names of the sources that lie in a folder itself.
fn in_folder(folder: &str, language: Language) -> Result<Names, Box<dyn Error>> {
    let mut found = Names::new();
    for entry in fs::read_dir(root(folder))? {
        let path = entry?.path();
        if path.is_file() {
            found.extend(names_of(&fs::read_to_string(path)?, language));
        }
    }
    Ok(found)
}

/// Swift's own, and those of the generated types that it gives a name to.
fn swift() -> Result<Names, Box<dyn Error>> {
    let mut found = in_folder(SWIFT, Language::Swift)?;
    let is_told = |name: &String| found.contains(name.split('.').next().unwrap_or_default());
    let own: Names = found.iter().filter_map(|name| Some(name.split_once('.')?.0.to_owned())).collect();
    let generated = in_folder(GENERATED, Language::Rust)?;
    let told: Vec<String> = generated
        .into_iter()
        .filter(|name| is_told(name) && !own.contains(name.split('.').next().unwrap_or_default()))
        .collect();
    found.extend(told);
    Ok(found)
}

/// The rows of the table of differences: names of Kotlin, of Swift, and of both that C has not.
fn table() -> Result<Vec<[Vec<String>; 3]>, Box<dyn Error>> {
    let page = fs::read_to_string(root(TABLE))?;
    let (_, after) =
        page.split_once("| Kotlin | Swift | not in C | why |").ok_or("docs/sdk.md has lost its table of names")?;
    let rows = after.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cell = |cell: &str| cell.split('`').skip(1).step_by(2).map(snake_path).collect();
    Ok(rows
        .map(|row| {
            let mut cells = row.split('|').skip(1);
            std::array::from_fn(|_| cells.next().map(cell).unwrap_or_default())
        })
        .collect())
}

fn snake_path(name: &str) -> String {
    name.split('.').map(snake).collect::<Vec<_>>().join(".")
}

/// Takes the names of a column out of a language's, each of which must be there, and not in the other.
fn without(names: Names, column: &[String], other: &Names) -> Names {
    for name in column {
        assert!(names.contains(name), "{TABLE} tells of `{name}`, which is not there any more");
        assert!(!other.contains(name), "{TABLE} tells of `{name}` as a difference, and it is none");
    }
    names.into_iter().filter(|name| !column.contains(name)).collect()
}

/// A type that each language calls by its own custom.
fn renamed(names: Names, from: &str, to: &str) -> Names {
    let new = |name: String| match name.strip_prefix(from) {
        Some(rest) if rest.is_empty() || rest.starts_with('.') => format!("{to}{rest}"),
        _ => name,
    };
    names.into_iter().map(new).collect()
}

fn common() -> Result<(Names, Names), Box<dyn Error>> {
    let kotlin = renamed(in_folder(KOTLIN, Language::Kotlin)?, "dunlin_exception", "dunlin_error");
    let swift = swift()?;
    let rows = table()?;
    let column = |at: usize| rows.iter().flat_map(|row| row[at].clone()).collect::<Vec<_>>();
    Ok((without(kotlin.clone(), &column(0), &swift), without(swift, &column(1), &kotlin)))
}

#[test]
fn kotlin_and_swift_have_the_same_names_but_for_the_table() -> Result<(), Box<dyn Error>> {
    let (kotlin, swift) = common()?;
    let only = |these: &Names, those: &Names| these.difference(those).cloned().collect::<Vec<_>>().join(", ");
    let (in_kotlin, in_swift) = (only(&kotlin, &swift), only(&swift, &kotlin));
    assert!(
        in_kotlin.is_empty() && in_swift.is_empty(),
        "Kotlin alone: {in_kotlin}\nSwift alone: {in_swift}\n({TABLE})"
    );
    // That something was read at all: of each source and each way to declare.
    for name in ["dunlin.sync", "session.predict", "part.degraded", "install_outcome.passed_over", "health.models"] {
        assert!(kotlin.contains(name), "{name}");
    }
    Ok(())
}

#[test]
fn c_has_the_names_of_a_device_but_for_the_table() -> Result<(), Box<dyn Error>> {
    let header = identifiers(&fs::read_to_string(root(HEADER))?);
    let in_c = |name: &str| header.iter().any(|word| word == name || word.ends_with(&format!("_{name}")));
    let (shared, _) = common()?;
    let lacking: Names = shared
        .into_iter()
        .filter(|name| name.split_once('.').is_some_and(|(of, name)| IN_C.contains(&of) && !in_c(name)))
        .collect();
    let told: Names = table()?.into_iter().flat_map(|[_, _, c]| c).collect();
    let untold: Vec<_> = lacking.symmetric_difference(&told).collect();
    assert!(untold.is_empty(), "not in C and not told, or told and in C: {untold:?} ({TABLE})");
    Ok(())
}
