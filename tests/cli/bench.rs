//! `dunlin bench`: its figures, its bursts, and what it refuses.

use serde_json::json;

use crate::program::Desk;

const BENCH: [&str; 5] = ["--json", "bench", "tiny.dunlin", "--seconds", "0.05"];

#[test]
fn every_figure_is_there_and_they_agree_with_each_other() {
    let ended = Desk::new().run(&BENCH);
    ended.expect(0, &[]);
    let figures = &ended.json()[0];
    let number = |name: &str| figures[name].as_f64().unwrap_or_else(|| panic!("{name} in {figures}"));
    for name in ["median_us", "cpu_us", "load_us", "arena_bytes", "packed_bytes"] {
        assert!(number(name) > 0.0, "{name} in {figures}");
    }
    assert!(number("median_us") <= number("p99_us"));
    assert!(number("load_us") <= number("first_us"));
    assert_eq!(figures["fallback_ops"], 0);
    assert!(figures["kernels"].as_str().is_some_and(|kernels| kernels.starts_with("plan/")));
    let steps = figures["steps"].as_array().expect("steps");
    assert!(!steps.is_empty() && steps.iter().all(|step| step["kernel"].is_string() && step["us"].is_number()));
    #[cfg(target_os = "linux")]
    assert!(number("peak_rss_kb") > 500.0);
}

#[test]
fn a_larger_batch_and_several_sessions_are_measured_as_asked() {
    let ended = Desk::new().run(&[&BENCH[..], &["--batch", "3", "--threads", "2", "--key", "test.pub"]].concat());
    ended.expect(0, &[]);
    let figures = &ended.json()[0];
    assert_eq!((&figures["batch"], &figures["threads"]), (&json!(3), &json!(2)));
}

#[test]
fn bursts_answer_every_line_with_the_time_of_so_many_inferences() {
    let ended = Desk::new().run_with(&["bench", "tiny.dunlin", "--bursts"], "1\n2000\n");
    ended.expect(0, &["ready "]);
    let taken: Vec<u64> = ended.out.lines().skip(1).map(|line| line.parse().expect("nanoseconds")).collect();
    assert!(taken.len() == 2 && taken[0] < taken[1], "{taken:?}");
}

#[test]
fn the_command_measures_alone_where_the_small_program_is_not_beside_it() {
    let desk = Desk::new();
    let alone = desk.path("alone");
    std::fs::copy(dunlin_tests::binary(), &alone).expect("a copy");
    let ended = std::process::Command::new(alone).current_dir(desk.path(".")).args(BENCH).output().expect("it starts");
    assert!(ended.status.success(), "{ended:?}");
    let figures: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("figures");
    assert!(figures["cpu_us"].as_f64().is_some_and(|time| time > 0.0), "{figures}");
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let desk = Desk::new();
    desk.write("text", "this is no bundle");
    desk.run(&["bench", "text"]).expect(4, &["text: "]);
    desk.run(&["bench", "tiny.dunlin", "--threads", "0"]).expect(2, &["--threads"]);
    desk.run(&["bench", "tiny.dunlin", "--seconds", "-1"]).expect(2, &[]);
    desk.run_with(&["bench", "tiny.dunlin", "--bursts"], "many\n").expect(2, &["'many' is no number"]);
}

#[test]
fn inspect_shows_which_step_runs_on_which_kernel() {
    let desk = Desk::new();
    desk.run(&["inspect", "tiny.dunlin"]).expect(0, &["It runs here on plan/", "kernel"]);
    let ended = desk.run(&["--json", "inspect", "tiny.dunlin"]);
    let steps = ended.json()[0]["plan"]["steps"].as_array().map_or(0, Vec::len);
    assert!(steps > 0, "{}", ended.out);
}
