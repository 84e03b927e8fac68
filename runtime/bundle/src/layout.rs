//! Compares a file with the one canonical container that its manifest implies, and says where the two part.

use std::ops::Range;

use crate::container::{CENTRAL_BYTES, Frame, LOCAL_BYTES, Layout, MIN_BYTES, Placed};
use crate::entry::{self, MANIFEST, SIGNATURE};
use crate::error::{BundleError, LayoutFault};
use crate::limits::{MAX_BUNDLE_BYTES, MAX_ENTRIES};

/// Names that errors give to what follows the last entry.
const DIRECTORY: &str = "central directory";
const END_RECORD: &str = "end record";

/// The two entries that no manifest lists.
pub(crate) struct Front {
    pub(crate) signature: Range<usize>,
    pub(crate) manifest: Range<usize>,
}

/// Finds signature and manifest, the only entries whose lengths are taken from the file itself.
pub(crate) fn find_front(file: &[u8]) -> Result<Front, BundleError> {
    let length = file.len() as u64;
    if length > MAX_BUNDLE_BYTES {
        return Err(BundleError::TooLarge { length, limit: MAX_BUNDLE_BYTES });
    }
    if file.len() < MIN_BYTES {
        return Err(BundleError::TooSmall { length });
    }
    if !file.starts_with(b"PK\x03\x04") {
        return Err(BundleError::NotABundle);
    }
    let signature = find(file, 0, SIGNATURE, MANIFEST)?;
    let manifest = find(file, signature.end, MANIFEST, SIGNATURE)?;
    Ok(Front { signature, manifest })
}

/// Finds an entry by its name and by the length in its header, and checks the rest of the header.
fn find(file: &[u8], at: usize, name: &str, other: &str) -> Result<Range<usize>, BundleError> {
    let fault = |fault| BundleError::Layout { entry: name.to_owned(), fault };
    let header_length = LOCAL_BYTES + name.len();
    let Some(header) = file[at..].get(..header_length) else { return Err(fault(LayoutFault::Truncated)) };
    let length = u64::from(u32_at(header, 18));
    let (max, limit) = entry::max_length(name);
    if header.starts_with(b"PK\x03\x04") && &header[LOCAL_BYTES..] == name.as_bytes() && length > max {
        return Err(BundleError::Limit { entry: name.to_owned(), limit, value: length, max });
    }
    let start = at + header_length;
    let content = file[start..].get(..length.min(max) as usize);
    let frame = match content {
        Some(content) => Frame::of(name, content),
        None => Frame { name: name.to_owned(), length, crc32: u32_at(header, 14) },
    };
    let placed = Placed { frame, header_offset: at as u64, data_offset: start as u64 };
    compare_local(file, &placed, &[name, other])?;
    content.map(|content| start..start + content.len()).ok_or_else(|| fault(LayoutFault::Truncated))
}

/// Compares everything but the entries' contents; `frames` are all entries in order.
pub(crate) fn compare(file: &[u8], frames: Vec<Frame>) -> Result<Layout, BundleError> {
    let layout =
        Layout::of(frames).map_err(|too_long| BundleError::TooLarge { length: too_long.0, limit: MAX_BUNDLE_BYTES })?;
    let names: Vec<&str> = layout.entries.iter().map(|placed| placed.frame.name.as_str()).collect();
    for placed in &layout.entries {
        compare_local(file, placed, &names)?;
        if placed.data_offset + placed.frame.length > file.len() as u64 {
            return Err(BundleError::Layout { entry: placed.frame.name.clone(), fault: LayoutFault::Truncated });
        }
    }
    compare_tail(file, &layout, &names)?;
    Ok(layout)
}

/// Compares the header before an entry.
fn compare_local(file: &[u8], placed: &Placed, names: &[&str]) -> Result<(), BundleError> {
    let found = file.get(placed.header_offset as usize..).unwrap_or_default();
    let expected = placed.local_header();
    if found.starts_with(&expected) {
        return Ok(());
    }
    let fault = diagnose_local(found, &expected, placed, names);
    Err(BundleError::Layout { entry: placed.frame.name.clone(), fault })
}

fn diagnose_local(found: &[u8], expected: &[u8], placed: &Placed, names: &[&str]) -> LayoutFault {
    if expected.starts_with(found) {
        return LayoutFault::Truncated;
    }
    if found.starts_with(b"PK\x01\x02") || found.starts_with(b"PK\x05\x06") {
        return LayoutFault::Missing;
    }
    if !found.starts_with(b"PK\x03\x04") {
        return LayoutFault::NoHeader;
    }
    let Some(found_name) = name_of_local(found) else { return LayoutFault::Truncated };
    if found_name != placed.frame.name.as_bytes() {
        return diagnose_name(found, found_name, &placed.frame.name, names);
    }
    if found.len() < expected.len() {
        return LayoutFault::Truncated;
    }
    diagnose_fields(found, expected, &LOCAL_FIELDS).unwrap_or(LayoutFault::ExtraField)
}

/// Why another name stands where one was expected.
fn diagnose_name(found: &[u8], found_name: &[u8], expected: &str, names: &[&str]) -> LayoutFault {
    let shown = found_name.escape_ascii().to_string();
    if entry::is_unsafe_name(found_name) {
        return LayoutFault::UnsafeName { found: shown };
    }
    let position = |name: &[u8]| names.iter().position(|known| known.as_bytes() == name);
    match (position(found_name), position(expected.as_bytes())) {
        (None, _) => LayoutFault::Unlisted { found: shown },
        (Some(found), Some(expected)) if found < expected => LayoutFault::Repeated { found: shown },
        _ if comes_later(found, expected) => LayoutFault::OutOfOrder { found: shown },
        _ => LayoutFault::Missing,
    }
}

/// Whether a name is among the headers that follow, each where the one before it says that it ends.
fn comes_later(mut file: &[u8], name: &str) -> bool {
    for _ in 0..MAX_ENTRIES {
        let Some(found) = name_of_local(file).filter(|_| file.starts_with(b"PK\x03\x04")) else { return false };
        if found == name.as_bytes() {
            return true;
        }
        let length = LOCAL_BYTES as u64
            + u64::from(u16_at(file, 26))
            + u64::from(u16_at(file, 28))
            + u64::from(u32_at(file, 18));
        file = usize::try_from(length).ok().and_then(|length| file.get(length..)).unwrap_or_default();
    }
    false
}

/// Compares directory and end record, and that nothing follows.
fn compare_tail(file: &[u8], layout: &Layout, names: &[&str]) -> Result<(), BundleError> {
    let fault = |entry: &str, fault| Err(BundleError::Layout { entry: entry.to_owned(), fault });
    let mut rest = &file[layout.directory_offset as usize..];
    if let Some(found) = name_of_local(rest).filter(|_| rest.starts_with(b"PK\x03\x04")) {
        let shown = found.escape_ascii().to_string();
        let problem = match () {
            () if entry::is_unsafe_name(found) => LayoutFault::UnsafeName { found: shown },
            () if names.iter().any(|name| name.as_bytes() == found) => LayoutFault::Repeated { found: shown },
            () => LayoutFault::Unlisted { found: shown },
        };
        return fault(DIRECTORY, problem);
    }
    for placed in &layout.entries {
        let expected = placed.central_header();
        if !rest.starts_with(&expected) {
            let problem = diagnose_record(rest, &expected, b"PK\x01\x02", &CENTRAL_FIELDS);
            return fault(&format!("{DIRECTORY}, {}", placed.frame.name), problem);
        }
        rest = &rest[expected.len()..];
    }
    let expected = layout.end_record();
    if !rest.starts_with(&expected) {
        return fault(END_RECORD, diagnose_record(rest, &expected, b"PK\x05\x06", &END_FIELDS));
    }
    match rest.len() - expected.len() {
        0 => Ok(()),
        count => fault(END_RECORD, LayoutFault::TrailingBytes { count: count as u64 }),
    }
}

fn diagnose_record(found: &[u8], expected: &[u8], magic: &[u8], fields: &[Field]) -> LayoutFault {
    if expected.starts_with(found) {
        LayoutFault::Truncated
    } else if !found.starts_with(magic) {
        LayoutFault::NoHeader
    } else {
        diagnose_fields(found, expected, fields).unwrap_or(LayoutFault::Truncated)
    }
}

/// A header field: its name and where it ends.
type Field = (&'static str, usize);

const LOCAL_FIELDS: [Field; 12] = [
    ("signature", 4),
    ("version needed", 6),
    ("flags", 8),
    ("method", 10),
    ("time", 12),
    ("date", 14),
    ("crc-32", 18),
    ("compressed size", 22),
    ("size", 26),
    ("name length", 28),
    ("extra length", LOCAL_BYTES),
    ("extra", usize::MAX),
];

const CENTRAL_FIELDS: [Field; 17] = [
    ("signature", 4),
    ("version made by", 6),
    ("version needed", 8),
    ("flags", 10),
    ("method", 12),
    ("time", 14),
    ("date", 16),
    ("crc-32", 20),
    ("compressed size", 24),
    ("size", 28),
    ("name length", 30),
    ("extra length", 32),
    ("comment length", 34),
    ("disk", 36),
    ("attributes", 42),
    ("offset", CENTRAL_BYTES),
    ("name", usize::MAX),
];

const END_FIELDS: [Field; 8] = [
    ("signature", 4),
    ("disk", 6),
    ("directory disk", 8),
    ("entries on disk", 10),
    ("entries", 12),
    ("directory size", 16),
    ("directory offset", 20),
    ("comment length", usize::MAX),
];

/// The first field in which two headers differ.
fn diagnose_fields(found: &[u8], expected: &[u8], fields: &[Field]) -> Option<LayoutFault> {
    let at = expected.iter().zip(found).position(|(a, b)| a != b)?;
    let index = fields.iter().position(|(_, end)| at < *end)?;
    let start = index.checked_sub(1).map_or(0, |before| fields[before].1);
    match fields[index].0 {
        "method" => Some(LayoutFault::Compressed { method: u16_at(found, start) }),
        "flags" => Some(LayoutFault::Flags { flags: u16_at(found, start) }),
        "extra" | "extra length" => Some(LayoutFault::ExtraField),
        field => Some(LayoutFault::Field { field }),
    }
}

/// The name in a local header, if the bytes reach that far.
fn name_of_local(header: &[u8]) -> Option<&[u8]> {
    let length = (header.len() >= LOCAL_BYTES).then(|| usize::from(u16_at(header, 26)))?;
    header.get(LOCAL_BYTES..LOCAL_BYTES + length)
}

/// A little-endian number; zero where the bytes end before it.
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |b| u32::from_le_bytes(*b))
}
