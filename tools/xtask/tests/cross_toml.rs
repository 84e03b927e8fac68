//! Cross.toml is parsed here; `cross` itself needs Docker, so it is not run.

use std::fs;
use std::path::Path;

const TARGETS: &[&str] = &[
    "aarch64-linux-android",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "armv7-linux-androideabi",
    "armv7-unknown-linux-gnueabihf",
    "armv7-unknown-linux-musleabihf",
];

/// What cross 0.2.5 knows in a target's table; it only warns of a key that it does not know.
const KEYS: &[&str] = &["build-std", "dockerfile", "env", "image", "pre-build", "runner", "xargo"];

#[test]
fn cross_is_told_of_every_target_with_keys_that_it_knows() -> Result<(), Box<dyn std::error::Error>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cross.toml");
    let settings: toml::Table = fs::read_to_string(file)?.parse()?;
    let targets = settings["target"].as_table().ok_or("`target` is a table")?;
    let mut names: Vec<&str> = targets.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, TARGETS);
    for (target, table) in targets {
        let table = table.as_table().ok_or("each target is a table")?;
        assert!(table.keys().all(|key| KEYS.contains(&key.as_str())), "{target}: {table:?}");
    }
    Ok(())
}
