//! Parts of a download: they make up the file, each is checked, and a restart goes on where it was.

use dunlin_channel::{Digest, Part, PartError, Parts, Release};
use proptest::prelude::*;

use crate::world::{file, release};

fn cut(file: &[u8], part_bytes: usize) -> Release {
    let parts: Vec<Digest> = file.chunks(part_bytes).map(Digest::of).collect();
    Release { bytes: file.len() as u64, part_bytes: part_bytes as u64, parts, ..release(1) }
}

#[test]
fn parts_come_in_order_and_the_last_is_shorter() {
    let file = file(2_500);
    let mut parts = Parts::of(&cut(&file, 1_024));
    assert_eq!((parts.count(), parts.missing_bytes(), parts.is_complete()), (3, 2_500, false));
    let mut ranges = Vec::new();
    while let Some(part) = parts.next() {
        ranges.push(part.range());
        parts.check(part.index, &file[part.start as usize..(part.start + part.length) as usize]).unwrap();
    }
    assert_eq!(ranges, ["bytes=0-1023", "bytes=1024-2047", "bytes=2048-2499"]);
    assert_eq!((parts.missing_bytes(), parts.is_complete()), (0, true));
}

#[test]
fn a_part_of_other_bytes_or_another_length_is_not_taken_and_is_asked_for_again() {
    let file = file(2_500);
    let mut parts = Parts::of(&cut(&file, 1_024));
    let mut changed = file[..1_024].to_vec();
    changed[1_023] ^= 1;
    assert_eq!(parts.check(0, &changed), Err(PartError::Hash { index: 0 }));
    assert_eq!(parts.next(), Some(Part { index: 0, start: 0, length: 1_024 }));
    let whole = parts.check(2, &file).unwrap_err();
    let expected = PartError::Length { index: 2, expected: 452, got: 2_500, range: "bytes=2048-2499".to_owned() };
    assert_eq!(whole, expected);
    assert!(whole.to_string().contains("check that the server answers ranges"), "{whole}");
    for (index, count) in [(3, 3), (usize::MAX, 3)] {
        assert_eq!(parts.check(index, &file[..1]), Err(PartError::NoSuchPart { index, count }));
    }
    parts.check(0, &file[..1_024]).unwrap();
    assert_eq!(parts.next().unwrap().index, 1);
}

#[test]
fn the_right_bytes_in_the_wrong_place_are_not_taken() {
    let file = file(2_048);
    let mut parts = Parts::of(&cut(&file, 1_024));
    assert_eq!(parts.check(1, &file[..1_024]), Err(PartError::Hash { index: 1 }));
}

#[test]
fn after_a_restart_what_is_on_the_disk_is_hashed_again_and_the_damaged_part_is_fetched() {
    let file = file(5_000);
    let mut disk = file.clone();
    disk[3_000] ^= 0x80;
    disk.truncate(4_500);
    let mut parts = Parts::of(&cut(&file, 1_024));
    for (index, kept) in disk.chunks(1_024).enumerate() {
        let _ = parts.check(index, kept);
    }
    assert_eq!(parts.missing_bytes(), 1_024 + 904);
    let missing: Vec<usize> = std::iter::from_fn(|| {
        let part = parts.next()?;
        parts.check(part.index, &file[part.start as usize..(part.start + part.length) as usize]).unwrap();
        Some(part.index)
    })
    .collect();
    assert_eq!(missing, [2, 4]);
    // A part that rots on the disk afterwards is missing again.
    assert!(parts.is_complete());
    assert!(parts.check(2, &disk[2_048..3_072]).is_err());
    assert_eq!(parts.missing_bytes(), 1_024);
}

#[test]
fn numbers_at_the_edge_of_what_fits_give_no_part_and_no_panic() {
    let hashes = || vec![Digest::of(b""); 3];
    for (bytes, part_bytes) in
        [(0, 0), (u64::MAX, u64::MAX), (u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX / 2 + 2)]
    {
        let mut parts = Parts::of(&Release { bytes, part_bytes, parts: hashes(), ..release(1) });
        let mut end = 0_u64;
        for index in 0..3 {
            if let Some(part) = parts.part(index) {
                assert!(part.length > 0 && part.start == end && part.length <= part_bytes);
                end = part.start.checked_add(part.length).unwrap();
                assert!(end <= bytes && part.range().starts_with("bytes="));
            }
            assert!(parts.check(index, b"x").is_err());
        }
        assert!(parts.missing_bytes() == end && !parts.is_complete());
    }
}

proptest! {
    #[test]
    fn parts_make_up_the_file_without_gap_or_overlap(bytes in 1_u64..=1 << 31, part_bytes in 1_u64 << 10..=16 << 20) {
        let count = bytes.div_ceil(part_bytes) as usize;
        prop_assume!(count <= 4_096);
        let parts = Parts::of(&Release { bytes, part_bytes, parts: vec![Digest::of(b""); count], ..release(1) });
        let mut at = 0;
        for index in 0..count {
            let part = parts.part(index).unwrap();
            prop_assert_eq!((part.index, part.start), (index, at));
            prop_assert!(part.length == part_bytes || index + 1 == count);
            at += part.length;
        }
        prop_assert_eq!((at, parts.part(count), parts.missing_bytes()), (bytes, None, bytes));
    }
}
