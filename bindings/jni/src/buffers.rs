//! Parts of direct buffers as slices. A buffer's position and limit mean nothing here: offset and length are given.

use dunlin_uniffi::DunlinError;
use jni::Env;
use jni::objects::JByteBuffer;
use jni::signature::{Primitive, ReturnType};
use jni::sys::jint;

use crate::failure::Failure;
use crate::load::known;

/// A part of a direct buffer.
pub(crate) struct Region<'a, 'local> {
    /// What it is to hold, for messages.
    pub(crate) name: &'static str,
    pub(crate) buffer: &'a JByteBuffer<'local>,
    pub(crate) offset: jint,
    pub(crate) length: jint,
}

/// Where a region's bytes lie; they lie within the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    address: *mut u8,
    length: usize,
}

/// Lends both regions to a call that answers from one into the other, and returns how many bytes it wrote.
pub(crate) fn with_both(
    env: &mut Env<'_>,
    record: &Region<'_, '_>,
    answer: &Region<'_, '_>,
    call: impl FnOnce(&[u8], &mut [u8]) -> Result<usize, DunlinError>,
) -> Result<jint, Failure> {
    let (from, into) = (record.place(env)?, answer.place(env)?);
    if is_read_only(env, answer)? {
        return Err(Failure::invalid("the answer's buffer is read-only; give one that can be written"));
    }
    if overlap(from, into) {
        return Err(Failure::invalid("record and answer overlap; give each bytes of its own"));
    }
    // SAFETY: both places lie within memory that two direct buffers own, which their references keep alive for the whole call;
    // they do not overlap; and the caller, who owns both buffers, lets no other thread use them meanwhile (docs/sdk.md).
    let (record, into) = unsafe {
        let record = std::slice::from_raw_parts(from.address.cast_const(), from.length);
        (record, std::slice::from_raw_parts_mut(into.address, into.length))
    };
    let written = call(record, into)?;
    // No more than the length of the answer, which was a jint.
    Ok(jint::try_from(written).unwrap_or(jint::MAX))
}

impl Region<'_, '_> {
    fn place(&self, env: &Env<'_>) -> Result<Place, Failure> {
        let Self { name, buffer, offset, length } = self;
        // A heap buffer has no address; there is no other reason for an error.
        let direct =
            env.get_direct_buffer_address(buffer).and_then(|a| Ok((a, env.get_direct_buffer_capacity(buffer)?)));
        let Ok((base, capacity)) = direct else {
            return Err(Failure::invalid(format!(
                "the {name} is not in a direct buffer; use ByteBuffer.allocateDirect"
            )));
        };
        let within = within(*offset, *length, capacity);
        let (offset, length) = within.ok_or_else(|| {
            Failure::invalid(format!(
                "{length} bytes at {offset} for the {name} lie outside of its buffer of {capacity} bytes"
            ))
        })?;
        // SAFETY: the offset is at most the capacity, which is how many bytes the buffer owns from its address on.
        Ok(Place { address: unsafe { base.add(offset) }, length })
    }
}

/// Offset and length as sizes, where they lie within a capacity.
fn within(offset: jint, length: jint, capacity: usize) -> Option<(usize, usize)> {
    let (offset, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
    (offset.checked_add(length)? <= capacity).then_some((offset, length))
}

fn overlap(a: Place, b: Place) -> bool {
    let (from_a, from_b) = (a.address.addr(), b.address.addr());
    from_a < from_b + b.length && from_b < from_a + a.length
}

fn is_read_only(env: &mut Env<'_>, region: &Region<'_, '_>) -> Result<bool, Failure> {
    let known = known().ok_or_else(Failure::not_loaded)?;
    // SAFETY: the method is of `java.nio.Buffer`, which every `ByteBuffer` is; it takes nothing and returns a boolean.
    let read_only = unsafe {
        env.call_method_unchecked(region.buffer, known.is_read_only, ReturnType::Primitive(Primitive::Boolean), &[])?
    };
    Ok(read_only.z()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_of_a_buffer_is_refused_without_overflow() {
        assert_eq!(within(0, 0, 0), Some((0, 0)));
        assert_eq!(within(3, 5, 8), Some((3, 5)));
        assert_eq!(within(8, 0, 8), Some((8, 0)));
        for (offset, length) in [(3, 6), (9, 0), (-1, 2), (2, -1), (jint::MAX, jint::MAX), (jint::MIN, jint::MAX)] {
            assert_eq!(within(offset, length, 8), None, "{offset} {length}");
        }
    }

    #[test]
    fn places_that_share_a_byte_overlap_and_neighbours_do_not() {
        let place = |at: usize, length| Place { address: std::ptr::without_provenance_mut(at), length };
        assert!(overlap(place(100, 10), place(109, 10)) && overlap(place(100, 10), place(95, 6)));
        assert!(overlap(place(100, 10), place(100, 10)) && overlap(place(100, 10), place(104, 1)));
        assert!(!overlap(place(100, 10), place(110, 10)) && !overlap(place(100, 10), place(90, 10)));
        assert!(!overlap(place(100, 0), place(100, 10)), "nothing shares nothing");
    }
}
