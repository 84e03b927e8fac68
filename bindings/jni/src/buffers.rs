//! Two direct buffers as a session keeps them: looked at once, and kept alive by references of their own.

use dunlin_uniffi::packed::Lent;
use jni::objects::JByteBuffer;
use jni::refs::Global;
use jni::{Env, jni_sig, jni_str};

use crate::failure::Failure;

/// A record's buffer and an answer's, which do not overlap. Their positions and limits mean nothing.
pub(crate) struct Pair {
    record: Place,
    answer: Place,
    /// While the JVM sees a reference it neither frees nor moves a direct buffer's bytes.
    _alive: [Global<JByteBuffer<'static>>; 2],
}

/// Where a buffer's bytes lie, all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    address: *mut u8,
    length: usize,
}

// SAFETY: memory of a direct buffer belongs to no thread, and neither does a global reference.
unsafe impl Send for Pair {}

impl Pair {
    /// Takes both buffers, or says what is wrong with one.
    pub(crate) fn of(env: &mut Env<'_>, record: &JByteBuffer<'_>, answer: &JByteBuffer<'_>) -> Result<Self, Failure> {
        let (from, into) = (Place::of(env, "record", record)?, Place::of(env, "answer", answer)?);
        if env.call_method(answer, jni_str!("isReadOnly"), jni_sig!("()Z"), &[])?.z()? {
            return Err(Failure::invalid("the answer's buffer is read-only; give one that can be written"));
        }
        if from.overlaps(into) {
            return Err(Failure::invalid("record and answer overlap; give each bytes of its own"));
        }
        let alive = [env.new_global_ref(record)?, env.new_global_ref(answer)?];
        Ok(Self { record: from, answer: into, _alive: alive })
    }
}

impl Lent for Pair {
    fn bytes(&mut self) -> (&[u8], &mut [u8]) {
        // SAFETY: each place is all of the memory of a direct buffer that this pair keeps alive, and they do not overlap. Nobody
        // here uses them beside the borrower of this pair; the SDK, whose buffers they are, lends them to one session alone and
        // touches neither during a call of that session (docs/sdk.md).
        unsafe {
            let record = std::slice::from_raw_parts(self.record.address.cast_const(), self.record.length);
            (record, std::slice::from_raw_parts_mut(self.answer.address, self.answer.length))
        }
    }
}

impl Place {
    fn of(env: &Env<'_>, name: &str, buffer: &JByteBuffer<'_>) -> Result<Self, Failure> {
        // A heap buffer has no address; there is no other reason for an error.
        let place = env.get_direct_buffer_address(buffer).and_then(|address| {
            let length = env.get_direct_buffer_capacity(buffer)?;
            Ok(Self { address, length })
        });
        place.map_err(|_| {
            Failure::invalid(format!("the {name} is not in a direct buffer; use ByteBuffer.allocateDirect"))
        })
    }

    fn overlaps(self, other: Self) -> bool {
        let (a, b) = (self.address.addr(), other.address.addr());
        a < b + other.length && b < a + self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_share_a_byte_overlap_and_neighbours_do_not() {
        let place = |at: usize, length| Place { address: std::ptr::without_provenance_mut(at), length };
        let overlap = |a: Place, b: Place| a.overlaps(b);
        assert!(overlap(place(100, 10), place(109, 10)) && overlap(place(100, 10), place(95, 6)));
        assert!(overlap(place(100, 10), place(100, 10)) && overlap(place(100, 10), place(104, 1)));
        assert!(!overlap(place(100, 10), place(110, 10)) && !overlap(place(100, 10), place(90, 10)));
        assert!(!overlap(place(100, 0), place(100, 10)), "nothing shares nothing");
    }
}
