//! Bytes that this process has written, as the system counts them.

use std::ops::{AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// Bytes written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    /// Handed to the system by calls that write.
    pub(super) submitted_bytes: u64,
    /// Pages that have become dirty and are to be written to a disk; zero on a file system in memory.
    pub(super) dirtied_bytes: u64,
}

impl Written {
    /// So far; none where the system does not say.
    pub(super) fn so_far() -> Option<Self> {
        let text = std::fs::read_to_string("/proc/self/io").ok()?;
        let count = |name| text.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok();
        Some(Self { submitted_bytes: count("wchar:")?, dirtied_bytes: count("write_bytes:")? })
    }

    /// What reaches the disk: whole pages where the folder is on one, else at least what was submitted.
    pub(super) fn to_disk(self) -> u64 {
        self.submitted_bytes.max(self.dirtied_bytes)
    }
}

impl Sub for Written {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            submitted_bytes: self.submitted_bytes.saturating_sub(before.submitted_bytes),
            dirtied_bytes: self.dirtied_bytes.saturating_sub(before.dirtied_bytes),
        }
    }
}

impl AddAssign for Written {
    fn add_assign(&mut self, more: Self) {
        self.submitted_bytes += more.submitted_bytes;
        self.dirtied_bytes += more.dirtied_bytes;
    }
}
