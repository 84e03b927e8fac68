//! The bytes of a bundle, in memory or mapped from a file: the one place of this crate with `unsafe`.

use std::fs::File;
use std::io;
use std::ops::Deref;

/// Bytes that weights borrow from for as long as any of them lives.
pub(crate) enum Backing {
    Memory(Vec<u8>),
    Mapped(memmap2::Mmap),
}

impl Backing {
    /// Maps a whole file, read-only.
    ///
    /// Only for files that nobody else can write: the runtime's own installed copies, which are read-only and never
    /// changed or truncated while they exist.
    pub(crate) fn map(file: &File) -> io::Result<Self> {
        // SAFETY: the caller passes a file that is private to this installation and read-only, so the mapped bytes do
        // not change and the file does not shrink under the map. Whoever breaks into the app's private folder could
        // already replace the app's data; the map gives them nothing more.
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(Self::Mapped(map))
    }

    /// Gives the pages of a mapped file back to the system; whoever reads them again has them read from the file again.
    pub(crate) fn release(&self) {
        #[cfg(unix)]
        if let Self::Mapped(map) = self {
            // SAFETY: the map is shared and read-only, so its pages hold what the file holds, and no slice of it changes.
            // Advice that the system does not take costs memory, and nothing else.
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }
}

impl Deref for Backing {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl std::fmt::Debug for Backing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self {
            Self::Memory(_) => "memory",
            Self::Mapped(_) => "mapped",
        };
        write!(f, "{} bytes ({kind})", self.len())
    }
}
