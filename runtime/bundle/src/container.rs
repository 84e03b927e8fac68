//! The canonical zip container: which bytes surround the entries, computed from their names, lengths and checksums alone.
//!
//! Reader and writer share it: the writer puts these bytes down, the reader compares them with what it finds.

use crate::entry;
use crate::limits::{ALIGNMENT, MAX_BUNDLE_BYTES};

/// Bytes of a local header before the name.
pub(crate) const LOCAL_BYTES: usize = 30;
/// Bytes of a central header before the name.
pub(crate) const CENTRAL_BYTES: usize = 46;
/// Bytes of the end record.
pub(crate) const END_BYTES: usize = 22;
/// Smallest file that holds a signature entry and a manifest entry.
pub(crate) const MIN_BYTES: usize =
    2 * (LOCAL_BYTES + CENTRAL_BYTES + entry::SIGNATURE.len().midpoint(entry::MANIFEST.len()) * 2) + END_BYTES;

/// Zip version 1.0: enough to read stored entries.
const VERSION_NEEDED: u16 = 10;
/// Zip version 2.0 on FAT, so that unpackers apply their own default permissions.
const VERSION_MADE_BY: u16 = 20;
/// 1980-01-01, the first day that DOS can write: bundles do not depend on when they were packed.
const DOS_DATE: u16 = 0x21;
/// The extra field that `zipalign` and Android's signing tools use for alignment.
const ALIGNMENT_FIELD: u16 = 0xd935;
/// Identifier, length and alignment value of that field; zeros follow.
const ALIGNMENT_FIELD_BYTES: usize = 6;

/// What the container says about one entry.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) name: String,
    pub(crate) length: u64,
    pub(crate) crc32: u32,
}

impl Frame {
    pub(crate) fn of(name: &str, content: &[u8]) -> Self {
        Self { name: name.to_owned(), length: content.len() as u64, crc32: crc32fast::hash(content) }
    }
}

/// Where everything stands in a file.
pub(crate) struct Layout {
    pub(crate) entries: Vec<Placed>,
    pub(crate) directory_offset: u64,
    directory_length: u64,
}

/// An entry and where it stands.
pub(crate) struct Placed {
    pub(crate) frame: Frame,
    pub(crate) header_offset: u64,
    pub(crate) data_offset: u64,
}

/// The file would be longer than a bundle may be.
pub(crate) struct TooLong(pub(crate) u64);

impl Layout {
    /// Lays entries end to end.
    pub(crate) fn of(frames: Vec<Frame>) -> Result<Self, TooLong> {
        let mut entries = Vec::with_capacity(frames.len());
        let (mut offset, mut directory_length) = (0_u64, 0_u64);
        for frame in frames {
            let data_offset = offset + (LOCAL_BYTES + frame.name.len() + extra_length(&frame.name, offset)) as u64;
            directory_length += (CENTRAL_BYTES + frame.name.len()) as u64;
            let end = data_offset.saturating_add(frame.length);
            if end > MAX_BUNDLE_BYTES {
                return Err(TooLong(end));
            }
            entries.push(Placed { frame, header_offset: offset, data_offset });
            offset = end;
        }
        let layout = Self { entries, directory_offset: offset, directory_length };
        if layout.length() > MAX_BUNDLE_BYTES { Err(TooLong(layout.length())) } else { Ok(layout) }
    }

    /// Length of the whole file.
    pub(crate) fn length(&self) -> u64 {
        self.directory_offset + self.directory_length + END_BYTES as u64
    }

    /// The record at the end of the file.
    pub(crate) fn end_record(&self) -> Vec<u8> {
        let count = self.entries.len() as u16;
        let mut bytes = Vec::with_capacity(END_BYTES);
        bytes.extend(b"PK\x05\x06");
        put16(&mut bytes, [0, 0, count, count]);
        put32(&mut bytes, [self.directory_length as u32, self.directory_offset as u32]);
        put16(&mut bytes, [0]);
        bytes
    }
}

impl Placed {
    /// The header before the entry's content.
    pub(crate) fn local_header(&self) -> Vec<u8> {
        let extra = extra_length(&self.frame.name, self.header_offset);
        let mut bytes = Vec::with_capacity(LOCAL_BYTES + self.frame.name.len() + extra);
        bytes.extend(b"PK\x03\x04");
        put16(&mut bytes, [VERSION_NEEDED]);
        self.put_common(&mut bytes);
        put16(&mut bytes, [extra as u16]);
        bytes.extend(self.frame.name.as_bytes());
        if extra > 0 {
            put16(&mut bytes, [ALIGNMENT_FIELD, extra as u16 - 4, ALIGNMENT as u16]);
            bytes.resize(bytes.len() + extra - ALIGNMENT_FIELD_BYTES, 0);
        }
        bytes
    }

    /// The entry's header in the directory.
    pub(crate) fn central_header(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(CENTRAL_BYTES + self.frame.name.len());
        bytes.extend(b"PK\x01\x02");
        put16(&mut bytes, [VERSION_MADE_BY, VERSION_NEEDED]);
        self.put_common(&mut bytes);
        put16(&mut bytes, [0; 4]);
        put32(&mut bytes, [0, self.header_offset as u32]);
        bytes.extend(self.frame.name.as_bytes());
        bytes
    }

    /// What both headers hold: no flags, stored, the fixed time, checksum, lengths, length of the name.
    fn put_common(&self, bytes: &mut Vec<u8>) {
        put16(bytes, [0, 0, 0, DOS_DATE]);
        put32(bytes, [self.frame.crc32, self.frame.length as u32, self.frame.length as u32]);
        put16(bytes, [self.frame.name.len() as u16]);
    }
}

/// Bytes of extra field that an entry takes when its header stands at an offset.
fn extra_length(name: &str, header_offset: u64) -> usize {
    if !entry::holds_tensors(name) {
        return 0;
    }
    let start = (header_offset % ALIGNMENT as u64) as usize + LOCAL_BYTES + name.len() + ALIGNMENT_FIELD_BYTES;
    ALIGNMENT_FIELD_BYTES + start.next_multiple_of(ALIGNMENT) - start
}

fn put16<const N: usize>(bytes: &mut Vec<u8>, values: [u16; N]) {
    values.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
}

fn put32<const N: usize>(bytes: &mut Vec<u8>, values: [u32; N]) {
    values.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
}

/// Writes entries, in the order given, as one file.
pub(crate) fn assemble(entries: &[(&str, &[u8])]) -> Result<Vec<u8>, TooLong> {
    let layout = Layout::of(entries.iter().map(|(name, content)| Frame::of(name, content)).collect())?;
    let mut file = Vec::with_capacity(layout.length() as usize);
    for (placed, (_, content)) in layout.entries.iter().zip(entries) {
        file.extend(placed.local_header());
        file.extend_from_slice(content);
    }
    for placed in &layout.entries {
        file.extend(placed.central_header());
    }
    file.extend(layout.end_record());
    Ok(file)
}
