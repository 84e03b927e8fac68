//! Labels: an error rate that rises is alarmed as the labels come in, and cleared when it has come down.

use dunlin::Answer;

use crate::population::Watching;

const CLASSES: [&str; 3] = ["low", "middle", "high"];

fn answered(answer: &Answer) -> usize {
    CLASSES.iter().position(|class| *class == &*answer.class().unwrap().name).unwrap()
}

/// Labels answers, a share of them as wrong.
fn label(watching: &mut Watching, answers: &[Answer], wrong_share: f64) {
    for answer in answers {
        let wrong = watching.dice.uniform() < wrong_share;
        let class = CLASSES[(answered(answer) + usize::from(wrong)) % 3];
        let _ = watching.runtime.label(answer.id, class).unwrap();
    }
}

fn error_alarms(watching: &Watching) -> usize {
    watching.runtime.alarms().unwrap().iter().filter(|alarm| alarm.kind == "error_rate").count()
}

#[test]
fn a_steady_error_rate_is_no_alarm_a_risen_one_is_and_it_clears() {
    let mut watching = Watching::by(100);
    let answers = watching.see_usual(1_000);
    label(&mut watching, &answers, 0.1);
    assert_eq!(error_alarms(&watching), 0);
    let answers = watching.see_usual(300);
    label(&mut watching, &answers, 0.7);
    assert_eq!(error_alarms(&watching), 1);
    let alarm = watching.runtime.alarms().unwrap().into_iter().find(|alarm| alarm.kind == "error_rate").unwrap();
    assert!(alarm.evidence.value > alarm.evidence.limit, "{alarm:?}");
    let detector = alarm.evidence.detector.unwrap();
    assert!(["ADWIN", "Page-Hinkley"].contains(&&*detector), "{detector}");
    for _ in 0..4 {
        let answers = watching.see_usual(100);
        label(&mut watching, &answers, 0.1);
    }
    watching.see_usual(100);
    assert_eq!(error_alarms(&watching), 0, "it has come down again");
}

#[test]
fn labels_are_counted_by_class_with_the_errors_and_once_a_prediction() {
    let mut watching = Watching::by(100);
    let answers = watching.see_usual(60);
    label(&mut watching, &answers, 0.0);
    let wrong = CLASSES[(answered(&answers[0]) + 1) % 3];
    let _ = watching.runtime.label(answers[0].id, wrong).unwrap();
    watching.see_usual(40);
    let labels = watching.reader().windows(None, 1).unwrap()[0].summary.labels.clone();
    assert_eq!((labels.labelled, labels.errors), (60, 0), "a second label of a prediction is not counted again");
    assert_eq!(labels.by_class.values().map(|(n, _)| n).sum::<u64>(), 60);
}

#[test]
fn a_label_that_is_no_declared_class_is_counted_and_its_text_is_not_kept() {
    let mut watching = Watching::by(50);
    let answers = watching.see_usual(10);
    for answer in &answers {
        let _ = watching.runtime.label(answer.id, "Wilhelmina").unwrap();
    }
    watching.see_usual(40);
    let summary = watching.reader().windows(None, 1).unwrap()[0].summary.clone();
    assert_eq!((summary.labels.labelled, summary.labels.errors, summary.labels.by_class.len()), (10, 10, 0));
    assert!(!serde_json::to_string(&summary).unwrap().contains("Wilhelmina"));
}

#[test]
fn labels_that_come_in_while_no_session_is_open_count_in_the_next_window() {
    let mut watching = Watching::by(100);
    let answers = watching.see_usual(100);
    let mut watching = watching.reopen(100);
    label(&mut watching, &answers, 0.0);
    watching.see_usual(100);
    let windows = watching.reader().windows(None, 2).unwrap();
    assert_eq!((windows[0].summary.labels.labelled, windows[1].summary.labels.labelled), (100, 0));
}

#[test]
fn detectors_remember_across_a_restart() {
    let mut watching = Watching::by(100);
    let answers = watching.see_usual(1_000);
    label(&mut watching, &answers, 0.05);
    let mut watching = watching.reopen(100);
    let answers = watching.see_usual(200);
    label(&mut watching, &answers, 0.8);
    assert_eq!(error_alarms(&watching), 1);
    assert_eq!(error_alarms(&watching.reopen(100)), 1, "and so do alarms");
}
