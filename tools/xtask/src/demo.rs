//! Runs the demo and holds its figures against what the README promises.

use std::path::Path;

use serde_json::Value;

use crate::process::{cargo, keep};
use crate::project::Project;
use crate::report::Outcome;

pub(crate) fn run(project: &Project) -> Result<Outcome, String> {
    let printed = keep(cargo(project).args(["run", "--release", "--quiet", "--", "demo", "--json"]))?;
    println!("{}", printed.trim());
    let figures = serde_json::from_str(&printed).map_err(|error| format!("demo --json is not JSON: {error}"))?;
    let broken = broken_promises(&figures);
    if broken.is_empty() { Ok(Outcome::Passed) } else { Err(broken.join("; ")) }
}

/// Each promise that the figures do not keep, in words.
fn broken_promises(figures: &Value) -> Vec<String> {
    // A figure that is missing keeps no promise: every comparison with NaN is false.
    let number = |name: &str| figures[name].as_f64().unwrap_or(f64::NAN);
    let upload = |name: &str| figures["uploads"][name].as_f64().unwrap_or(f64::NAN);
    let challenger = |name: &str| figures["challenger"][name].as_f64().unwrap_or(f64::NAN);
    let (full, quantized, baseline) = (number("accuracy"), number("accuracy_quantized"), number("baseline_accuracy"));
    let promises = [
        ("accuracy is at least 0.97", full >= 0.97),
        ("accuracy_quantized is within 0.01 of accuracy", (full - quantized).abs() <= 0.01 + f64::EPSILON),
        ("baseline_accuracy is below accuracy and accuracy_quantized", baseline < full.min(quantized)),
        ("quantized_share is at least 0.9", number("quantized_share") >= 0.9),
        ("abstained is at most 2 % of the held-out digits", number("abstained") <= 0.02 * number("held_out")),
        (
            "predictions is above 0 and equals logged",
            number("predictions") > 0.0 && figures["predictions"] == figures["logged"],
        ),
        ("refused holds the four bad inputs, each with its reason", refused_with_reasons(&figures["refused"]) >= 4),
        ("alarms_before is 0", number("alarms_before") == 0.0),
        ("alarms_after is at least 1", number("alarms_after") >= 1.0),
        ("abstained_before is below abstained_after", number("abstained_before") < number("abstained_after")),
        (
            "every window is received, and none is counted twice",
            upload("windows") >= 1.0
                && upload("windows") == upload("windows_received")
                && upload("duplicates_counted") == 0.0,
        ),
        ("the faults cost attempts", upload("attempts") >= upload("accepted") + 3.0),
        ("the challenger answers more, and rightly", challenger("accuracy_before") < challenger("accuracy_after")),
        ("a damaged bundle is refused by its part", figures["challenger"]["damaged_bundle"] == "part"),
        (
            "a model worse by 5 points is rolled back by at most 2,000 labels",
            challenger("worse_by") >= 0.05 && challenger("labels_until_rollback") <= 2_000.0,
        ),
        ("report names a file that is there", figures["report"].as_str().is_some_and(|file| Path::new(file).is_file())),
        ("median_predict_us is above 0", number("median_predict_us") > 0.0),
        ("seconds is at most 60", number("seconds") <= 60.0),
    ];
    let broken = promises.iter().filter(|(_, kept)| !kept);
    broken.map(|(promise, _)| format!("not kept: {promise}")).collect()
}

fn refused_with_reasons(refused: &Value) -> usize {
    let reasons = refused.as_array().into_iter().flatten().filter_map(|entry| entry["reason"].as_str());
    reasons.filter(|reason| !reason.trim().is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Value {
        let refused: Vec<Value> = ["blank", "nan", "noise", "flipped bit"]
            .map(|input| serde_json::json!({ "input": input, "reason": "says why" }))
            .into();
        serde_json::json!({
            "accuracy": 0.98, "accuracy_quantized": 0.978, "baseline_accuracy": 0.95, "quantized_share": 0.93,
            "abstained": 5, "held_out": 360, "predictions": 720, "logged": 720, "alarms_before": 0, "alarms_after": 4,
            "abstained_before": 5, "abstained_after": 40, "report": concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            "uploads": {"attempts": 17, "accepted": 14, "windows": 14, "windows_received": 14, "duplicates_counted": 0}, "refused": refused, "median_predict_us": 80.5,
            "challenger": {
                "accuracy_before": 0.35, "accuracy_after": 0.97, "damaged_bundle": "part", "worse_by": 0.06,
                "labels_until_rollback": 180,
            },
            "seconds": 31.0,
        })
    }

    #[test]
    fn good_figures_keep_every_promise() {
        assert_eq!(broken_promises(&good()), Vec::<String>::new());
    }

    #[test]
    fn each_figure_can_break_a_promise_and_so_can_its_absence() {
        let bad = [
            ("accuracy", 0.96),
            ("accuracy_quantized", 0.95),
            ("baseline_accuracy", 0.979),
            ("quantized_share", 0.5),
            ("abstained", 8.0),
            ("logged", 359.0),
            ("alarms_before", 1.0),
            ("alarms_after", 0.0),
            ("abstained_after", 5.0),
            ("median_predict_us", 0.0),
            ("challenger", 1.0),
            ("seconds", 61.0),
        ];
        for (name, value) in bad {
            let mut figures = good();
            figures[name] = value.into();
            assert!(!broken_promises(&figures).is_empty(), "{name} = {value}");
            figures[name] = Value::Null;
            assert!(!broken_promises(&figures).is_empty(), "{name} missing");
        }
    }

    #[test]
    fn a_refusal_without_a_reason_breaks_the_promise() {
        let mut figures = good();
        figures["refused"][2]["reason"] = " ".into();
        assert_eq!(broken_promises(&figures).len(), 1);
    }
}
