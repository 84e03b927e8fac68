//! Zip tricks: what two zip readers could see differently is seen by neither.

use dunlin_bundle::LayoutFault::{
    Compressed, ExtraField, Field, Flags, Missing, NoHeader, OutOfOrder, Repeated, Truncated, Unlisted, UnsafeName,
};
use dunlin_tests::forge::{RawEntry, find, pack, unpack};

use crate::support::{HONEST, assert_fault, assert_refused, meddled};

#[test]
fn the_forger_and_the_writer_agree_on_the_format() {
    assert_eq!(pack(&unpack(&HONEST)), *HONEST);
}

#[test]
fn a_compressed_entry_is_refused() {
    let file = meddled(|entries| find(entries, "graph.json").method = 8);
    assert_fault(file, "graph.json", &Compressed { method: 8 });
}

#[test]
fn an_encrypted_entry_and_one_with_a_descriptor_are_refused() {
    for flags in [1, 8, 0x800] {
        let file = meddled(|entries| find(entries, "graph.json").flags = flags);
        assert_fault(file, "graph.json", &Flags { flags });
    }
}

#[test]
fn entries_in_another_order_are_refused() {
    let file = meddled(|entries| entries.swap(2, 3));
    assert_fault(file, "schema.json", &OutOfOrder { found: "features.json".to_owned() });
}

#[test]
fn a_manifest_before_the_signature_is_refused() {
    let file = meddled(|entries| entries.swap(0, 1));
    assert_fault(file, "signature.minisig", &OutOfOrder { found: "manifest.json".to_owned() });
}

#[test]
fn an_entry_that_comes_twice_is_refused() {
    let file = meddled(|entries| entries.insert(5, entries[4].clone()));
    assert_fault(file, "weights.safetensors", &Repeated { found: "graph.json".to_owned() });
    let file = meddled(|entries| entries.push(entries[4].clone()));
    assert_fault(file, "central directory", &Repeated { found: "graph.json".to_owned() });
}

#[test]
fn an_entry_too_many_is_refused() {
    let file = meddled(|entries| entries.insert(4, RawEntry::stored("extra.json", "{}")));
    assert_fault(file, "graph.json", &Unlisted { found: "extra.json".to_owned() });
    let file = meddled(|entries| entries.push(RawEntry::stored("extra.json", "{}")));
    assert_fault(file, "central directory", &Unlisted { found: "extra.json".to_owned() });
}

#[test]
fn a_missing_entry_is_refused() {
    for name in ["schema.json", "graph.json", "golden.jsonl", "README.md"] {
        let file = meddled(|entries| entries.retain(|entry| entry.name != name.as_bytes()));
        assert_fault(file, name, &Missing);
    }
}

#[test]
fn names_that_escape_or_deceive_are_refused() {
    let names: [&[u8]; 9] = [
        b"/graph.json",
        b"../graph.json",
        b"./graph.json",
        b"baseline/../graph.json",
        b"baseline//graph.json",
        b"baseline\\graph.json",
        b"C:graph.json",
        b"graph.json\0.txt",
        b"gr\xc3\xa4ph.json",
    ];
    for name in names {
        let file = meddled(|entries| find(entries, "graph.json").name = name.to_vec());
        assert_fault(file, "graph.json", &UnsafeName { found: name.escape_ascii().to_string() });
    }
}

#[test]
fn a_name_in_another_case_is_another_entry() {
    let file = meddled(|entries| find(entries, "graph.json").name = b"GRAPH.JSON".to_vec());
    assert_fault(file, "graph.json", &Unlisted { found: "GRAPH.JSON".to_owned() });
}

#[test]
fn junk_between_entries_is_refused() {
    let file = meddled(|entries| find(entries, "graph.json").junk_before = b"hidden".to_vec());
    assert_fault(file, "graph.json", &NoHeader);
}

#[test]
fn junk_before_the_directory_is_refused() {
    let mut file = HONEST.clone();
    let directory = file.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    file.splice(directory..directory, *b"hidden");
    assert_fault(file, "central directory, signature.minisig", &NoHeader);
}

#[test]
fn overlapping_entries_are_refused() {
    let file = meddled(|entries| find(entries, "schema.json").claimed_length = Some(1 << 30));
    assert_fault(file, "schema.json", &Field { field: "compressed size" });
    let mut file = HONEST.clone();
    let directory = file.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    file[directory + 42] = 1;
    assert_fault(file, "central directory, signature.minisig", &Field { field: "offset" });
}

#[test]
fn huge_claimed_lengths_of_the_first_entries_are_refused() {
    for (name, limit) in [("signature.minisig", "MAX_SIGNATURE_BYTES"), ("manifest.json", "MAX_MANIFEST_BYTES")] {
        let file = meddled(|entries| find(entries, name).claimed_length = Some(u32::MAX));
        let error = assert_refused(file, "limit", name);
        assert!(error.to_string().contains(limit), "{error}");
    }
}

#[test]
fn other_extra_fields_are_refused() {
    let cases =
        [("graph.json", vec![1, 0, 0, 0]), ("weights.safetensors", Vec::new()), ("weights.safetensors", vec![0; 70])];
    for (name, extra) in cases {
        let file = meddled(|entries| find(entries, name).extra = Some(extra));
        assert_fault(file, name, &ExtraField);
    }
}

#[test]
fn hidden_bytes_in_the_alignment_are_refused() {
    let mut file = HONEST.clone();
    let field = b"weights.safetensors\x35\xd9";
    let start = file.windows(field.len()).position(|found| found == field).unwrap();
    let padding = start + field.len() + 4;
    file[padding] = 1;
    assert_fault(file, "weights.safetensors", &ExtraField);
}

#[test]
fn a_directory_that_tells_another_story_is_refused() {
    let directory = HONEST.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let fields =
        [(4, "version made by"), (6, "version needed"), (12, "time"), (16, "crc-32"), (24, "size"), (38, "attributes")];
    for (offset, field) in fields {
        let mut file = HONEST.clone();
        file[directory + offset] ^= 0xff;
        assert_fault(file, "central directory, signature.minisig", &Field { field });
    }
}

#[test]
fn an_end_record_with_a_comment_or_false_counts_is_refused() {
    let end = HONEST.len() - 22;
    for (offset, field) in [(8, "entries on disk"), (10, "entries"), (16, "directory offset"), (20, "comment length")] {
        let mut file = HONEST.clone();
        file[end + offset] ^= 1;
        assert_fault(file, "end record", &Field { field });
    }
}

#[test]
fn a_file_that_ends_before_its_directory_is_refused() {
    let directory = HONEST.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    assert_fault(HONEST[..directory].to_vec(), "central directory, signature.minisig", &Truncated);
}
