//! The walk-through of docs/adaptability.md, command by command as it is written.

use std::path::Path;
use std::process::Command;

use dunlin_tests::binary;

/// The contents of the page's blocks of one language, in order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    page.split(&opening).skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
}

#[test]
#[ignore = "slow: trains twice"]
fn the_walk_through_runs_as_written_and_says_what_is_printed_there() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/adaptability.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let (script, printed) = (blocks(&page, "sh").concat(), blocks(&page, "text"));
    assert!(script.contains("dunlin compat") && printed.len() == 3, "the page has its blocks");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let beside = binary().parent().expect("it lies in a folder").to_owned();
    let path = std::env::join_paths(
        std::iter::once(beside).chain(std::env::split_paths(&std::env::var_os("PATH").expect("there is one"))),
    );
    let ended = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(folder.path())
        .env("PATH", path.expect("no folder has a colon"))
        .output()
        .expect("bash starts");
    let said = String::from_utf8(ended.stdout).expect("it prints UTF-8");
    assert!(ended.status.success(), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    for text in printed {
        assert!(said.contains(text.trim()), "the page says:\n{text}\nthe commands say:\n{said}");
    }
}
