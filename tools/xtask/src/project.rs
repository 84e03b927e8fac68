//! Where the project lies, where its caches lie, and whether anything may be installed.

use std::env;
use std::path::{Path, PathBuf};

/// What every task needs to know.
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    /// Outside the checkout, so that a fresh clone is warm; anything in it may vanish between two runs.
    pub(crate) cache: PathBuf,
    pub(crate) may_install: bool,
}

impl Project {
    pub(crate) fn here(may_install: bool) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_path_buf();
        let cache = cache_folder(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
            .filter(|folder| std::fs::create_dir_all(folder).is_ok())
            .unwrap_or_else(|| root.join("target/cache"));
        Self { root, cache, may_install }
    }

    /// A tool that an earlier run built into the cache.
    pub(crate) fn cached_tool(&self, name: &str) -> PathBuf {
        self.cache.join("tools/bin").join(name)
    }
}

fn cache_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    variable("DUNLIN_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|folder| folder.join("dunlin")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/dunlin")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache_with(set: &[(&str, &str)]) -> Option<PathBuf> {
        cache_folder(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value)))
    }

    #[test]
    fn the_cache_is_where_the_developer_says_else_where_the_desktop_says_else_in_the_home() {
        let home = ("HOME", "/home/a");
        let desktop = ("XDG_CACHE_HOME", "/var/xdg");
        assert_eq!(cache_with(&[home, desktop, ("DUNLIN_CACHE", "/c")]), Some("/c".into()));
        assert_eq!(cache_with(&[home, desktop]), Some("/var/xdg/dunlin".into()));
        assert_eq!(cache_with(&[home]), Some("/home/a/.cache/dunlin".into()));
        assert_eq!(cache_with(&[]), None);
    }

    #[test]
    fn the_root_holds_the_workspace_manifest() {
        assert!(Project::here(false).root.join("Cargo.lock").is_file());
    }
}
