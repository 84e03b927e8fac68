//! Every headline number of the page is the journal's own, counted here in another way: row by row, window by window.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use dunlin::counters::Counter;
use dunlin::journal::{Recorded, Scalar};
use dunlin_wire::Latency;
use serde_json::Value;

use crate::page::Page;
use crate::story::{Story, WINDOW_ROWS};

static STORY: LazyLock<Story> = LazyLock::new(Story::whole);
static PAGE: LazyLock<Page> = LazyLock::new(|| Page::of(&STORY.page()));
static ROWS: LazyLock<Vec<Recorded>> = LazyLock::new(|| STORY.reader().newest(None, u32::MAX).unwrap());

fn count_by<'a>(key: impl Fn(&'a Recorded) -> Vec<&'a str>) -> BTreeMap<&'a str, u64> {
    let mut counts = BTreeMap::new();
    ROWS.iter().flat_map(key).for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

fn thousands(n: u64) -> String {
    let text = n.to_string();
    if n < 1000 { text } else { format!("{},{}", &text[..text.len() - 3], &text[text.len() - 3..]) }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole as f64)
}

fn told(label: &str, code: fn(&str) -> String) -> BTreeMap<String, (String, String)> {
    PAGE.rows(label).into_iter().map(|row| (code(&row[0]), (row[1].clone(), row[2].clone()))).collect()
}

fn as_is(name: &str) -> String {
    name.to_owned()
}

#[test]
fn the_story_is_the_one_that_was_told() {
    let done = &STORY.done;
    assert_eq!(ROWS.len() as u64, done.answered + done.refused);
    assert!(done.refused > 0 && done.labelled > 200 && done.wrong > 10, "{done:?}");
    let alarms = STORY.reader().alarms().unwrap();
    let drifted: Vec<_> = alarms.iter().filter(|alarm| alarm.kind == "drift").map(|a| a.subject.as_str()).collect();
    assert!(drifted.contains(&"age") && drifted.contains(&"colour"), "{drifted:?}");
}

#[test]
fn the_headline_says_how_many_alarms_are_open() {
    let alarms = STORY.reader().alarms().unwrap();
    let open: Vec<_> = alarms.iter().filter(|alarm| alarm.cleared_us.is_none()).collect();
    let acting = open.iter().filter(|alarm| alarm.severity == dunlin_wire::Severity::Alarm).count();
    let headline = PAGE.text("#headline");
    assert!(acting > 1 && headline.contains(&format!("{acting} alarms are open")), "{headline}");
    assert_eq!(PAGE.text("#tile-open-alarms .value"), acting.to_string());
    assert_eq!(PAGE.texts("#alarms > .cards > article").len(), open.len(), "each open alarm has its card");
    for alarm in open {
        let cards = PAGE.texts("#alarms > .cards > article").join(" | ");
        for words in [alarm.how_sure(), alarm.what_to_do()[1..].to_owned(), alarm.what()[1..].to_owned()] {
            assert!(cards.contains(&words), "'{words}' is not in {cards}");
        }
    }
    let first = PAGE.texts("#alarms > .cards > article")[0].clone();
    assert!(first.contains("alarm:"), "what somebody should act on comes first: {first}");
}

#[test]
fn what_ran_is_what_the_rows_say() {
    let total = ROWS.len() as u64;
    assert_eq!(PAGE.text("#tile-predictions .value"), thousands(total));
    assert_eq!(PAGE.text("#tile-accepted .value"), percent(count_by(|row| vec![&row.verdict])["accept"], total));
    let spaced = |counts: BTreeMap<&str, u64>| -> BTreeMap<String, (String, String)> {
        let told = |(name, n): (&str, u64)| (name.replace('_', " "), (thousands(n), percent(n, total)));
        counts.into_iter().map(told).collect()
    };
    assert_eq!(told("Verdicts", as_is), spaced(count_by(|row| vec![&row.verdict])));
    let nobody = |name: &str| if name == "nobody" { "none".to_owned() } else { name.to_owned() };
    assert_eq!(told("Answered by", nobody), spaced(count_by(|row| vec![&row.answered_by])));
    let reasons = spaced(count_by(|row| row.reasons.iter().map(String::as_str).collect()));
    assert_eq!(told("Why not accepted", as_is), reasons);
    assert!(reasons.contains_key("out of domain"), "{reasons:?}");
    assert_eq!(
        told("Kernels", as_is).keys().collect::<Vec<_>>(),
        count_by(|row| vec![&row.kernel_set]).keys().collect::<Vec<_>>()
    );
    let models = PAGE.rows("Models");
    assert_eq!((models.len(), models[0][0].as_str(), models[0][3].as_str()), (1, "tiny 1.2.3", &*thousands(total)));
}

#[test]
fn accuracy_is_what_the_labels_say() {
    let (labelled, wrong) = (STORY.done.labelled, STORY.done.wrong);
    let summaries = STORY.reader().windows(None, u32::MAX).unwrap().into_iter().map(|window| window.summary);
    let open = STORY.reader().watched().unwrap().into_iter().filter_map(|watched| watched.open);
    let all: Vec<_> = summaries.chain(open).collect();
    let of_windows = all.iter().fold((0, 0), |(n, e), s| (n + s.labels.labelled, e + s.labels.errors));
    assert_eq!(PAGE.text("#tile-accuracy-overall .value"), percent(of_windows.0 - of_windows.1, of_windows.0));
    let mut answered: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for row in ROWS.iter().filter(|row| row.label.is_some()) {
        let class = row.output.as_ref().unwrap()["tier"].as_str().unwrap();
        let mine = answered.entry(&row.answered_by).or_default();
        mine.0 += 1;
        mine.1 += u64::from(row.label != Some(Scalar::Text(class.to_owned())));
    }
    assert_eq!(answered.values().fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1)), (labelled, wrong));
    for row in PAGE.rows("Accuracy by who answered") {
        let (n, e) = answered[row[0].as_str()];
        assert_eq!(row[1..4], [thousands(n), thousands(e), percent(n - e, n)]);
    }
    // A label that comes between two windows is in the journal and in no window.
    assert!(answered["model"].0 >= of_windows.0 && answered["model"].1 >= of_windows.1);
    let classes = PAGE.rows("Accuracy by class");
    let sum: u64 = classes.iter().map(|row| row[1].parse::<u64>().unwrap()).sum();
    assert_eq!(sum, of_windows.0);
}

#[test]
fn features_are_shown_as_shares_of_the_latest_window() {
    let windows = STORY.reader().windows(None, 1).unwrap();
    let watched = STORY.reader().watched().unwrap();
    for name in ["age", "colour"] {
        let now = windows[0].summary.features.iter().find(|feature| feature.name == name).unwrap();
        let (n, training) = (now.counts.iter().sum::<u64>(), &watched[0].reference[name]);
        let past = &watched[0].past[name];
        let bins = PAGE.rows(&format!("Bins of {name}"));
        assert_eq!(bins.len(), now.counts.len());
        for (i, row) in bins.iter().enumerate() {
            let of = |part: u64, whole: u64| {
                if part > 0 && 1000 * part < whole / 2 { "under 0.1 %".to_owned() } else { percent(part, whole) }
            };
            let expected =
                [of(training.counts()[i], training.total()), of(past.counts()[i], past.total()), of(now.counts[i], n)];
            assert_eq!(row[1..], expected, "{name}, {}", row[0]);
        }
    }
    let colours: Vec<String> = PAGE.rows("Bins of colour").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(colours, ["red", "green", "blue", "any other"]);
    let unfit = PAGE.rows("Values that fit no bin");
    let of = |name: &str| unfit.iter().find(|row| row[0] == name).unwrap().clone();
    let refused: u64 =
        ROWS.iter().filter(|row| row.culprit.as_deref() == Some("age") && row.verdict == "refused").count() as u64;
    assert!(of("age")[2].ends_with(&format!("({refused})")), "{:?}", of("age"));
    assert!(!of("income")[1].starts_with("0 "), "{:?}", of("income"));
    assert!(!of("colour")[3].starts_with("0 "), "{:?}", of("colour"));
}

#[test]
fn drift_has_a_chart_for_each_subject_with_the_line_and_the_alarms() {
    let windows = STORY.reader().windows(None, u32::MAX).unwrap();
    let subjects: std::collections::BTreeSet<String> =
        windows.iter().flat_map(|window| &window.judged).map(|judged| judged.subject.clone()).collect();
    let drawn: std::collections::BTreeSet<String> = PAGE.texts("#drift figcaption").into_iter().collect();
    assert_eq!(drawn, subjects);
    let alarms = |against| windows.iter().flat_map(|w| &w.judged).filter(|j| j.alarm && j.against == against).count();
    assert_eq!(PAGE.texts("#drift figure .alarm-mark").len(), alarms(dunlin::monitor::Against::Past));
    assert_eq!(PAGE.texts("#drift figure .notice-mark").len(), alarms(dunlin::monitor::Against::Training));
    assert_eq!(PAGE.texts("#drift figure path.threshold").len(), subjects.len());
}

#[test]
fn quantiles_are_those_of_all_windows_together() {
    let mut latency = Latency::default();
    ROWS.iter().for_each(|row| latency.add(row.latency_us));
    let facts = PAGE.texts("#latency .facts dd");
    let told = [0.5, 0.95, 0.99].map(|p| format!("at most {} us", thousands(latency.quantile_us(p).unwrap())));
    assert_eq!(facts, told);
    assert_eq!(PAGE.text("#tile-p95 .value"), format!("{} us", thousands(latency.quantile_us(0.95).unwrap())));
    assert_eq!(PAGE.texts("#latency rect.time").len(), latency.bounds().count());
}

#[test]
fn uploads_are_those_that_were_made() {
    let facts = PAGE.texts("#uploads .facts dd");
    let (done, waiting) = (&STORY.done, STORY.reader().waiting().unwrap());
    assert_eq!(facts[0], done.attempts.to_string());
    assert!(facts[1].starts_with(&format!("{} (", done.delivered)), "{facts:?}");
    assert_eq!(PAGE.rows("Waiting").len(), waiting.len());
    assert!(!waiting.is_empty());
    let results: Vec<String> =
        PAGE.rows("Last attempts").into_iter().map(|row| format!("{} {}", row[2], row[1])).collect();
    assert_eq!(results.len() as u64, done.attempts);
    assert_eq!(results[0], "400 refused for good, lost", "the newest comes first");
    assert!(results.contains(&"no answer kept, will be sent again".to_owned()), "{results:?}");
    assert!(results.contains(&"503 kept, will be sent again".to_owned()), "{results:?}");
}

#[test]
fn every_counter_is_shown_and_zeros_are_not_left_out() {
    let counters = STORY.reader().counters().unwrap();
    let mut zeros = 0;
    for counter in Counter::ALL {
        let total = counters.get(counter.name()).copied().unwrap_or(0);
        zeros += u64::from(total == 0);
        assert_eq!(PAGE.text(&format!("[id=\"counter-{}\"]", counter.name())), thousands(total), "{}", counter.name());
    }
    assert!(zeros > 5, "{counters:?}");
    assert_eq!(counters["monitor.windows"], 9);
    assert_eq!(ROWS.len() as u64, 9 * WINDOW_ROWS + WINDOW_ROWS / 3);
}

#[test]
fn json_has_the_same_figures() {
    let ended = STORY.report(&["--json"]);
    ended.expect(0, &[]);
    let [document] = ended.json().try_into().unwrap();
    let document: Value = document;
    assert_eq!(document["ran"]["predictions"], ROWS.len());
    assert_eq!(document["headline"]["state"], "alarm");
    assert!(PAGE.text("#headline").ends_with(document["headline"]["sentence"].as_str().unwrap()));
    let overall = &document["accuracy"][0]["overall"];
    let (labelled, errors) = (overall["labelled"].as_u64().unwrap(), overall["errors"].as_u64().unwrap());
    assert_eq!(PAGE.text("#tile-accuracy-overall .value"), percent(labelled - errors, labelled));
    assert_eq!(document["uploads"]["attempts"], STORY.done.attempts);
    assert_eq!(document["losses"].as_array().unwrap().len(), Counter::ALL.len());
    assert!(document.get("page").is_none() && !STORY.desk.path("report.html").exists(), "JSON alone writes no page");
}

#[test]
fn a_report_changes_nothing() {
    let bytes = |name: &str| std::fs::read(STORY.folder().join(name)).unwrap_or_default();
    let before = (bytes("journal.db"), bytes("state.db"));
    STORY.report(&["--json"]).expect(0, &[]);
    assert!(before == (bytes("journal.db"), bytes("state.db")));
}
