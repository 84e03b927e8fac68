//! `dunlin precompute` as a user meets it.

use std::process::{Command, Output};

use crate::device::{Device, json_of};

fn dunlin(device: &Device, arguments: &[&str]) -> Output {
    let mut command = Command::new(dunlin_tests::binary());
    command.args(arguments).args(["--key", "test.pub"]).current_dir(device.path("")).output().unwrap()
}

#[test]
fn what_is_precomputed_is_answered_from_the_cache_by_the_next_batch() {
    let device = Device::new();
    std::fs::write(device.path("test.pub"), device.key.public_text()).unwrap();
    let lines: String = (0..40).map(|number| format!("{}\n", serde_json::Value::Object(json_of(number)))).collect();
    std::fs::write(device.path("common.jsonl"), lines.clone() + "no record\n").unwrap();
    std::fs::write(device.path("all.jsonl"), lines + &format!("{}\n", serde_json::Value::Object(json_of(99)))).unwrap();
    let filled = dunlin(
        &device,
        &["precompute", "runtime", "--model", "tiny", "--input", "common.jsonl", "--max-bytes", "100000"],
    );
    let said = String::from_utf8_lossy(&filled.stdout).into_owned();
    assert!(filled.status.success() && said.contains("41 records: 40 answers kept"), "{filled:?}");
    assert!(said.contains("1 refused"), "{said}");
    let batch = dunlin(&device, &["batch", "runtime", "--input", "all.jsonl", "--output", "out.jsonl"]);
    assert!(batch.status.success(), "{batch:?}");
    let out = std::fs::read_to_string(device.path("out.jsonl")).unwrap();
    let count = |by: &str| out.matches(&format!("\"answered_by\":\"{by}\"")).count();
    assert_eq!((count("cache"), count("model")), (40, 1));
    let too_small = ["precompute", "runtime", "--input", "common.jsonl", "--max-bytes", "60"];
    assert_eq!(dunlin(&device, &too_small).status.code(), Some(2));
}
