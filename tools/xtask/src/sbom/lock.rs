//! The checksums of Cargo.lock, which cargo itself writes, a key a line.

use std::collections::BTreeMap;

/// SHA-256 by name and version, of the crates that are fetched; our own have none.
pub(super) fn checksums(lock: &str) -> BTreeMap<String, String> {
    let packages = lock.split("[[package]]").skip(1);
    packages
        .filter_map(|package| {
            let id = format!("{}@{}", value(package, "name")?, value(package, "version")?);
            Some((id, value(package, "checksum")?.to_owned()))
        })
        .collect()
}

fn value<'a>(package: &'a str, key: &str) -> Option<&'a str> {
    package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_of_ours_has_no_checksum() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"s\"\nchecksum = \"c0ffee\"\n\n\
                    [[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n";
        assert_eq!(checksums(lock), BTreeMap::from([("a@1.0.0".to_owned(), "c0ffee".to_owned())]));
    }
}
