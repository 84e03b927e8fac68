//! A group of processes that may take so much memory together, in either version of the kernel's control groups.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// What the files of a version are called.
struct Names {
    parent: &'static str,
    limit: &'static str,
    peak: &'static str,
    /// Where it is counted how often a process was killed for want of memory.
    events: &'static str,
}

const VERSION_2: Names =
    Names { parent: "/sys/fs/cgroup", limit: "memory.max", peak: "memory.peak", events: "memory.events" };
const VERSION_1: Names = Names {
    parent: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    peak: "memory.max_usage_in_bytes",
    events: "memory.oom_control",
};

/// Ends with the value, once its processes have.
pub(crate) struct MemoryGroup {
    path: PathBuf,
    names: Names,
}

impl MemoryGroup {
    /// A group with a limit, where the machine lets one be made.
    pub(crate) fn new(name: &str, limit_bytes: u64) -> Option<Self> {
        [VERSION_2, VERSION_1].into_iter().find_map(|names| {
            let path = Path::new(names.parent).join(format!("{name}-{}", std::process::id()));
            fs::create_dir(&path).ok()?;
            let group = Self { path, names };
            // A hierarchy without the memory controller has no such file, and makes none.
            let limit = group.path.join(group.names.limit);
            (limit.exists() && fs::write(limit, limit_bytes.to_string()).is_ok()).then_some(group)
        })
    }

    /// The file that takes the id of a process that is to belong to it.
    pub(crate) fn members(&self) -> PathBuf {
        self.path.join("cgroup.procs")
    }

    /// The most that was charged to it, page cache included.
    pub(crate) fn peak_bytes(&self) -> u64 {
        fs::read_to_string(self.path.join(self.names.peak)).map_or(0, |text| text.trim().parse().unwrap())
    }

    /// Processes killed because more was wanted.
    pub(crate) fn killed(&self) -> u64 {
        let events = fs::read_to_string(self.path.join(self.names.events)).unwrap();
        let killed = events.lines().find_map(|line| line.strip_prefix("oom_kill "));
        killed.unwrap().trim().parse().unwrap()
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        // A process that has just ended may still be counted as a member.
        for _ in 0..50 {
            if fs::remove_dir(&self.path).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}
