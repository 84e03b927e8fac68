//! Folders without much in them, and folders that are none.

use std::time::Duration;

use dunlin::journal::Reader;

use crate::page::Page;
use crate::story::{Story, WINDOW_ROWS, quiet, rich_parts};

#[test]
fn a_fresh_folder_says_that_nothing_is_known_yet() {
    let story = Story::new();
    story.open().close().unwrap();
    let page = Page::of(&story.page());
    assert!(page.text("#headline").contains("Nothing is known yet"), "{}", page.text("#headline"));
    for (section, words) in [
        ("#ran", "No prediction"),
        ("#alarms", "No alarm is open"),
        ("#accuracy", "No labels came"),
        ("#features", "no feature was counted yet"),
        ("#drift", "nothing was compared yet"),
        ("#latency", "No answer was timed"),
        ("#uploads", "Nothing was sent yet"),
    ] {
        assert!(page.text(section).contains(words), "{section}: {}", page.text(section));
    }
    assert!(page.texts("#losses [id^=counter-]").iter().all(|total| total == "0"));
    assert!(page.texts("svg.chart").is_empty());
}

#[test]
fn an_open_window_alone_is_shown_and_called_open() {
    let mut story = Story::new();
    let runtime = story.open();
    story.install(&runtime, &rich_parts());
    let mut session = runtime.session("tiny").unwrap();
    story.live(&runtime, &mut session, 20, &quiet);
    // The runtime is open meanwhile, and writes.
    let page = Page::of(&story.page());
    assert!(page.text("#headline").contains("no window has closed"), "{}", page.text("#headline"));
    assert!(
        page.text("#features .legend").contains("the open window, 20 records"),
        "{}",
        page.text("#features .legend")
    );
    assert!(!page.texts("#features svg.chart").is_empty());
    assert!(page.text("#drift").contains("nothing was compared yet"));
    story.live(&runtime, &mut session, WINDOW_ROWS, &quiet);
    let page = Page::of(&story.page());
    assert_eq!(page.text("#tile-predictions .value"), (20 + WINDOW_ROWS).to_string());
    assert!(page.text("#headline").contains("Nothing is the matter"), "{}", page.text("#headline"));
    assert!(page.text("#features .legend").contains("the latest closed window"));
}

#[test]
fn a_model_without_a_training_distribution_has_counts_and_no_charts() {
    let mut story = Story::new();
    let runtime = story.open();
    let mut parts = rich_parts();
    parts.reference.distributions.clear();
    story.install(&runtime, &parts);
    let mut session = runtime.session("tiny").unwrap();
    story.live(&runtime, &mut session, WINDOW_ROWS, &quiet);
    story.wait(Duration::from_secs(60));
    let page = Page::of(&story.page());
    assert!(page.texts("#features svg.chart").is_empty());
    assert_eq!(page.rows("Values that fit no bin").len(), 6, "five features and a confidence");
}

#[test]
fn only_the_model_that_was_asked_for_is_shown() {
    let mut story = Story::new();
    let runtime = story.open();
    let mut other = rich_parts();
    other.model_id = "other".to_owned();
    for parts in [rich_parts(), other] {
        story.install(&runtime, &parts);
        let mut session = runtime.session(&parts.model_id).unwrap();
        story.live(&runtime, &mut session, 10, &quiet);
    }
    assert_eq!(Page::of(&story.page()).text("#tile-predictions .value"), "20");
    story.report(&["--model", "other", "--out", "other.html"]).expect(0, &[]);
    let page = Page::of(&std::fs::read_to_string(story.desk.path("other.html")).unwrap());
    assert_eq!((page.text("h1").as_str(), page.text("#tile-predictions .value").as_str()), ("other", "10"));
    assert!(!page.text("#ran").contains("tiny"), "{}", page.text("#ran"));
    story.report(&["--model", "absent"]).expect(1, &["no model 'absent'", "leave out --model"]);
}

#[test]
fn a_folder_that_is_none_is_an_error_that_says_so() {
    let story = Story::new();
    story.report(&[]).expect(6, &["device"]);
    std::fs::create_dir(story.folder()).unwrap();
    story.report(&["--json"]).expect(6, &["\"error\"", "device"]);
    std::fs::write(story.folder().join("journal.db"), "no database, but long enough to be looked at as one").unwrap();
    story.report(&[]).expect(6, &["journal.db"]);
    assert!(!story.desk.path("report.html").exists());
}

#[test]
fn a_journal_of_an_earlier_version_is_an_error_that_says_what_to_do() {
    let story = Story::new();
    story.open().close().unwrap();
    // The version in the header of a SQLite file is its `user_version`: four bytes at 60.
    let path = story.folder().join("journal.db");
    let mut bytes = std::fs::read(&path).unwrap();
    assert_ne!(bytes[63], 1, "the journal's schema has moved on from version 1");
    bytes[63] = 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(Reader::open(&story.folder()).is_err());
    story.report(&[]).expect(6, &["earlier version", "open the runtime"]);
}

#[test]
fn a_page_that_cannot_be_written_is_an_error() {
    let story = Story::new();
    story.open().close().unwrap();
    story.report(&["--out", "no/such/folder/report.html"]).expect(1, &["no/such/folder"]);
}
