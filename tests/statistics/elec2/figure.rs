//! The run as a picture: accuracy by week, what the detectors said, and which features had drifted.

use std::fmt::Write;

use super::{FEATURES, Run, Word};

const LEFT: f64 = 150.0;
const WIDTH: f64 = 760.0;
const TOP: f64 = 70.0;
const PLOT: f64 = 180.0;
const ROW: f64 = 14.0;

const LINE: &str = "#1f6f8b";
const ALARM: &str = "#c8553d";
const CALM: &str = "#dfe9e4";
const NO_EVIDENCE: &str = "#ffffff";
const INK: &str = "#333333";

/// The picture, SVG.
pub(crate) fn draw(run: &Run) -> String {
    let detectors = TOP + PLOT + 14.0;
    let past = detectors + 2.0 * ROW + 34.0;
    let training = past + FEATURES.len() as f64 * ROW + 34.0;
    let bottom = training + FEATURES.len() as f64 * ROW;
    let (width, height) = (LEFT + WIDTH + 30.0, bottom + 50.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" \
         font-size=\"12\" fill=\"{INK}\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    text(&mut svg, LEFT, 24.0, "start", "Elec2: accuracy of a model trained once, and what watching it told, by week");
    legend(&mut svg);
    accuracy(&mut svg, run);
    let rows = [("ADWIN on error", true), ("Page-Hinkley on error", false)];
    for (i, (name, is_adwin)) in rows.into_iter().enumerate() {
        let y = detectors + i as f64 * ROW;
        text(&mut svg, LEFT - 8.0, y + 10.0, "end", name);
        let reported = run.weeks.iter().map(|week| if is_adwin { week.adwin } else { week.page_hinkley });
        cells(&mut svg, run, y, reported.map(|told| Some(if told { Word::Alarm } else { Word::Calm })));
    }
    text(&mut svg, LEFT, past - 8.0, "start", "Drift of features against the device's own past");
    text(&mut svg, LEFT, training - 8.0, "start", "Mismatch of features with the training distribution");
    for (feature, name) in FEATURES.iter().enumerate() {
        let y = feature as f64 * ROW;
        text(&mut svg, LEFT - 8.0, past + y + 10.0, "end", name);
        cells(&mut svg, run, past + y, run.weeks.iter().map(|week| week.past.map(|words| words[feature])));
        text(&mut svg, LEFT - 8.0, training + y + 10.0, "end", name);
        cells(&mut svg, run, training + y, run.weeks.iter().map(|week| Some(week.training[feature])));
    }
    for week in (0..run.weeks.len()).step_by(10) {
        text(&mut svg, x(run, week) + step(run) / 2.0, bottom + 16.0, "middle", &week.to_string());
    }
    text(&mut svg, LEFT + WIDTH / 2.0, bottom + 36.0, "middle", "weeks after training");
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String) {
    let entries = [
        (ALARM, "alarm, or change reported", 0.0),
        (CALM, "none", 190.0),
        (NO_EVIDENCE, "too little evidence, or no past yet", 260.0),
    ];
    for (color, label, at) in entries {
        let x = LEFT + at;
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"36\" width=\"12\" height=\"12\" fill=\"{color}\" stroke=\"#999999\" stroke-width=\"0.5\"/>"
        );
        text(svg, x + 18.0, 46.0, "start", label);
    }
}

/// The axis runs from 40 % to 100 %.
fn accuracy(svg: &mut String, run: &Run) {
    let y = |accuracy: f64| TOP + PLOT * (1.0 - (accuracy - 0.4) / 0.6);
    for percent in [40, 50, 60, 70, 80, 90, 100] {
        let at = y(f64::from(percent) / 100.0);
        let end = LEFT + WIDTH;
        let _ = writeln!(svg, "<path d=\"M{LEFT} {at:.1}H{end}\" stroke=\"#dddddd\"/>");
        text(svg, LEFT - 8.0, at + 4.0, "end", &format!("{percent} %"));
    }
    text(svg, 20.0, TOP + PLOT / 2.0, "start", "accuracy");
    let trained = y(run.training_accuracy);
    let end = LEFT + WIDTH;
    let _ = writeln!(svg, "<path d=\"M{LEFT} {trained:.1}H{end}\" stroke=\"{INK}\" stroke-dasharray=\"4 4\"/>");
    text(svg, LEFT + 0.56 * WIDTH, trained - 5.0, "middle", "on the training rows");
    let points = run
        .weeks
        .iter()
        .enumerate()
        .map(|(week, seen)| format!("{:.1},{:.1}", x(run, week) + step(run) / 2.0, y(seen.accuracy.max(0.4))));
    let points: Vec<String> = points.collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{LINE}\" stroke-width=\"1.6\"/>",
        points.join(" ")
    );
}

/// A row of cells, one a week; those of a colour are one path.
fn cells(svg: &mut String, run: &Run, y: f64, words: impl Iterator<Item = Option<Word>>) {
    let colors = words.map(|word| match word {
        Some(Word::Alarm) => ALARM,
        Some(Word::Calm) => CALM,
        Some(Word::NoEvidence) | None => NO_EVIDENCE,
    });
    let colors: Vec<&str> = colors.collect();
    let (width, height) = (step(run) - 0.6, ROW - 2.0);
    for color in [NO_EVIDENCE, CALM, ALARM] {
        let weeks = colors.iter().enumerate().filter(|(_, found)| **found == color);
        let cells: String =
            weeks.map(|(week, _)| format!("M{:.1} {y:.0}h{width:.1}v{height:.0}h-{width:.1}z", x(run, week))).collect();
        if !cells.is_empty() {
            let _ = writeln!(svg, "<path d=\"{cells}\" fill=\"{color}\" stroke=\"#bbbbbb\" stroke-width=\"0.3\"/>");
        }
    }
}

fn step(run: &Run) -> f64 {
    WIDTH / run.weeks.len().max(1) as f64
}

fn x(run: &Run, week: usize) -> f64 {
    LEFT + week as f64 * step(run)
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>");
}
