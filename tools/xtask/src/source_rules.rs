//! Rules that a look at the source lines can check: who names SQLite, who reads the clock, where `unsafe` may stand.

use std::fs;
use std::path::Path;

/// Words that may stand in some folders only.
struct Rule {
    what: &'static str,
    words: &'static [&'static str],
    /// Where the rule holds: folders or files, relative to the root.
    within: &'static [&'static str],
    except: &'static [Exception],
}

/// A folder or file where the words may stand all the same.
struct Exception {
    place: &'static str,
    reason: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        what: "only the journal and the store name SQLite",
        words: &["rusqlite"],
        within: &["bindings", "runtime"],
        except: &[
            Exception { place: "runtime/src/journal", reason: "it is the journal" },
            Exception { place: "runtime/src/store", reason: "it is the store" },
        ],
    },
    Rule {
        what: "one file reads the clock",
        words: &["Instant::now", "SystemTime::now"],
        within: &["bindings", "runtime"],
        except: &[
            Exception { place: "runtime/src/clock.rs", reason: "it is that file" },
            Exception { place: "bindings/jni/src/tests", reason: "tests measure time" },
            Exception { place: "runtime/kernels/examples", reason: "instruments that time kernels" },
            Exception { place: "runtime/src/journal/tests", reason: "tests measure time, and do not wait for ever" },
        ],
    },
    Rule {
        what: "libraries leave the environment to the binaries",
        words: &["env::var", "env::set_var", "env::remove_var"],
        within: &["bindings", "runtime", "models"],
        except: &[Exception { place: "bindings/jni/build.rs", reason: "cargo tells a build script its target so" }],
    },
    Rule {
        what: "libraries log, only binaries install a logger",
        words: &["env_logger", "set_logger", "set_boxed_logger"],
        within: &["runtime", "models"],
        except: &[],
    },
    Rule {
        what: "the journal knows nothing of the outbox",
        words: &["outbox"],
        within: &["runtime/src/journal", "runtime/src/journal.rs"],
        except: &[],
    },
    Rule {
        what: "the outbox never sees the predictor",
        words: &["dunlin_predictor", "Predictor"],
        within: &["runtime/src/outbox", "runtime/src/outbox.rs"],
        except: &[],
    },
    Rule {
        what: "unsafe code stands apart",
        words: &["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe trait"],
        within: &["bindings", "runtime", "models", "tools", "tests"],
        except: &[
            Exception { place: "bindings/c/src/abi", reason: "C hands over pointers" },
            Exception { place: "bindings/c/src/pointers.rs", reason: "C hands over pointers" },
            Exception { place: "bindings/jni/src", reason: "the JVM lends its buffers as addresses" },
            Exception {
                place: "runtime/bundle/src/mmap.rs",
                reason: "weights are used where they lie in the mapped file",
            },
            Exception { place: "runtime/kernels/src", reason: "kernels run on pointers behind doors that check" },
            Exception { place: "runtime/kernels/tests", reason: "a test instrument puts a guard page behind a buffer" },
            Exception { place: "tools/xtask/plugin", reason: "the emulator's plugin speaks to it in C" },
            Exception { place: "tests", reason: "a test instrument may have to ask the system itself" },
        ],
    },
];

/// Crates that cannot forbid `unsafe` as a whole; their files fall under the rule above.
const MAY_NOT_FORBID: &[Exception] = &[
    Exception { place: "bindings/jni/src/lib.rs", reason: "the JVM lends its buffers as addresses" },
    Exception { place: "bindings/uniffi/src/lib.rs", reason: "UniFFI's macros export symbols" },
    Exception { place: "bindings/c/src/lib.rs", reason: "C hands over pointers, to two modules" },
    Exception { place: "runtime/bundle/src/lib.rs", reason: "it maps files, in one module" },
    Exception { place: "runtime/kernels/src/lib.rs", reason: "kernels run on pointers" },
];

/// Every breach below `root`.
pub(crate) fn breaches(root: &Path) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for folder in ["bindings", "runtime", "models", "tools", "tests"] {
        visit(root, Path::new(folder), &mut found)?;
    }
    Ok(found)
}

/// The exceptions, each with its reason, for whoever wonders what the rules let through.
pub(crate) fn exceptions() -> impl Iterator<Item = String> {
    let of_rules = RULES.iter().flat_map(|rule| rule.except.iter().map(|exception| (rule.what, exception)));
    let of_crates = MAY_NOT_FORBID.iter().map(|exception| ("crates forbid unsafe code", exception));
    of_rules.chain(of_crates).map(|(what, it)| format!("{what}, except {}: {}", it.place, it.reason))
}

fn visit(root: &Path, folder: &Path, found: &mut Vec<String>) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Ok(()) };
    for entry in entries.flatten() {
        let place = folder.join(entry.file_name());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && entry.file_name() != "target" {
            visit(root, &place, found)?;
        } else if place.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(entry.path()).map_err(|error| format!("{}: {error}", place.display()))?;
            found.extend(breaches_in(&place, &text));
        }
    }
    Ok(())
}

fn breaches_in(place: &Path, text: &str) -> Vec<String> {
    let rules = RULES
        .iter()
        .filter(|rule| rule.within.iter().any(|within| place.starts_with(within)) && !excepted(place, rule.except));
    let mut found = Vec::new();
    for rule in rules {
        // Tests stand last in a file, and may do what they must.
        let product = text.lines().take_while(|line| line.trim() != "mod tests {").enumerate();
        let breaches = product.filter(|(_, line)| rule.words.iter().any(|word| code_of(line).contains(word)));
        found.extend(breaches.map(|(at, _)| format!("{}:{}: {}", place.display(), at + 1, rule.what)));
    }
    if is_crate_root(place) && !excepted(place, MAY_NOT_FORBID) && !text.contains("#![forbid(unsafe_code)]") {
        found.push(format!("{}: #![forbid(unsafe_code)] is missing", place.display()));
    }
    found
}

fn excepted(place: &Path, exceptions: &[Exception]) -> bool {
    // As text and not by component: `runtime/src/store` is a folder or the file `store.rs`.
    exceptions.iter().any(|exception| place.to_string_lossy().starts_with(exception.place))
}

fn is_crate_root(place: &Path) -> bool {
    let in_tests = place.components().any(|part| part.as_os_str() == "tests");
    !in_tests && (place.ends_with("lib.rs") || place.ends_with("main.rs"))
}

/// The line without comments and without what stands in quotes.
fn code_of(line: &str) -> String {
    let mut code = String::new();
    for (at, part) in line.split('"').enumerate() {
        if at % 2 == 1 {
            continue;
        }
        match part.split_once("//") {
            Some((before, _)) => return code + before,
            None => code.push_str(part),
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches_of(place: &str, line: &str) -> usize {
        breaches_in(Path::new(place), line).len()
    }

    #[test]
    fn sqlite_is_named_in_the_journal_and_the_store_only() {
        assert_eq!(breaches_of("runtime/src/journal/rows.rs", "use rusqlite::Connection;"), 0);
        assert_eq!(breaches_of("runtime/src/store.rs", "use rusqlite::Connection;"), 0);
        assert_eq!(breaches_of("runtime/src/session.rs", "use rusqlite::Connection;"), 1);
    }

    #[test]
    fn the_clock_is_read_in_one_file() {
        assert_eq!(breaches_of("runtime/src/clock.rs", "    Instant::now()"), 0);
        assert_eq!(breaches_of("runtime/drift/src/window.rs", "    let t = std::time::SystemTime::now();"), 1);
    }

    #[test]
    fn a_library_that_reads_the_environment_is_found_and_a_build_time_constant_is_not() {
        assert_eq!(breaches_of("runtime/engine/src/threads.rs", "    std::env::var_os(\"RAYON_NUM_THREADS\")"), 1);
        assert_eq!(breaches_of("runtime/engine/src/threads.rs", "    env!(\"CARGO_PKG_VERSION\")"), 0);
    }

    #[test]
    fn a_crate_root_forbids_unsafe_code() {
        assert_eq!(breaches_of("runtime/drift/src/lib.rs", "//! Drift.\n"), 1);
        assert_eq!(breaches_of("runtime/drift/src/lib.rs", "//! Drift.\n#![forbid(unsafe_code)]\n"), 0);
        assert_eq!(breaches_of("runtime/drift/src/bins.rs", "    unsafe { read(p) }"), 1);
    }

    #[test]
    fn words_in_comments_in_quotes_and_in_a_files_own_tests_are_no_breach() {
        for line in ["// rusqlite says so", "let text = \"rusqlite\";", "mod tests {\n    use rusqlite::Connection;"] {
            assert_eq!(breaches_of("runtime/src/session.rs", line), 0, "{line}");
        }
    }
}
