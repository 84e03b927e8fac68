//! The service and timer that docs/batch.md gives, as systemd reads them.

use std::process::Command;

/// What stands in the page's blocks of units, by file name.
fn units() -> Vec<(String, String)> {
    let page = include_str!("../../docs/batch.md");
    let blocks = page.split("```ini\n").skip(1).filter_map(|rest| rest.split("```").next());
    let unit = |block: &str| {
        let name = block.lines().next()?.rsplit('/').next()?.to_owned();
        Some((name, block.to_owned()))
    };
    blocks.filter_map(unit).collect()
}

#[test]
fn systemd_takes_the_service_and_the_timer_of_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let units = units();
    assert_eq!(
        units.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["dunlin-batch.service", "dunlin-batch.timer"]
    );
    for (name, text) in &units {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let mut verify = Command::new("systemd-analyze");
    verify.arg("verify").args(units.iter().map(|(name, _)| dir.path().join(name)));
    let Ok(output) = verify.output() else { return println!("skipped: there is no systemd-analyze here") };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("dunlin-batch"), "{said}");
}
