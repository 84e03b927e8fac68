//! The library as an app loads it: by a JVM of its own, through `System.load`. Without a JDK it is skipped, aloud.

use std::path::{Path, PathBuf};
use std::process::Command;

/// `libdunlin.so` of this build: beside this test, where cargo puts it for tests.
fn library() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    Some(test.with_file_name(format!("{}dunlin{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)))
}

#[test]
fn an_app_that_loads_the_library_can_call_it() {
    let java = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/java/dev/dunlin/internal");
    let sources = ["Native", "NativeFailure", "Calls"].map(|name| java.join(name).with_extension("java"));
    let classes = tempfile::tempdir().unwrap();
    let Ok(compiled) = Command::new("javac").arg("-d").arg(classes.path()).args(sources).status() else {
        eprintln!("skipped: no JDK (install one, so that `javac` is found)");
        return;
    };
    assert!(compiled.success(), "the Java sources do not compile");
    let mut command = Command::new("java");
    command.args(["-Xcheck:jni", "-cp"]).arg(classes.path()).arg("dev.dunlin.internal.Calls").arg(library().unwrap());
    let ran = command.output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}{complained}");
    assert!(
        said.trim_end().ends_with("7 null null the session is closed; ask the runtime for another"),
        "{said}{complained}"
    );
}
