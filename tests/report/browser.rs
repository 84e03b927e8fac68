//! The page in a real browser, headless: it fits a phone and a desk without scrolling sideways, and asks for nothing.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::story::Story;

const CHROMIUM: &str = "/usr/bin/chromium";
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
];

/// Widths of a small phone and of a desk.
const SIZES: [(u32, u32); 2] = [(360, 800), (1280, 900)];

/// A browser's window cannot be narrower than some 500 pixels, so the page is measured in a frame of the width asked for.
fn frame(width: u32, height: u32, page: &str) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        r#"<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<iframe style="border:0;width:{width}px;height:{height}px" srcdoc="{page}"></iframe>
<script>
addEventListener('load', () => setTimeout(() => {{
  const inner = document.querySelector('iframe'), page = inner.contentDocument, box = page.documentElement;
  const wide = [...page.querySelectorAll('body *')].filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > {width} + 0.5);
  const small = [...page.querySelectorAll('svg text')].filter(e => e.getBoundingClientRect().width > 0)
    .map(e => e.getBoundingClientRect().height);
  document.title = JSON.stringify({{
    inner: inner.contentWindow.innerWidth, scroll: box.scrollWidth, wide: wide.map(e => e.tagName + '.' + e.className),
    text: Math.min(...small), charts: page.querySelectorAll('svg.chart').length,
    fetched: inner.contentWindow.performance.getEntriesByType('resource').map(e => e.name),
  }});
}}, 50));
</script>"#
    )
}

/// What the browser makes of a file.
fn dump(file: &Path, size: (u32, u32)) -> String {
    let profile = tempfile::tempdir().unwrap();
    let mut browser = Command::new(CHROMIUM)
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--window-size={},{}", size.0, size.1))
        // Whatever is asked for by name has no address, and whatever goes out goes to a proxy that is not there.
        .args([
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--proxy-server=127.0.0.1:9",
            "--virtual-time-budget=3000",
            "--dump-dom",
        ])
        .arg(format!("file://{}", file.display()))
        .env("HOME", profile.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = browser.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut out, &mut text).map(|_| text)
    });
    for _ in 0..1200 {
        if browser.try_wait().unwrap().is_some() {
            return reader.join().unwrap().unwrap();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    browser.kill().unwrap();
    panic!("the browser did not end within a minute");
}

#[test]
fn the_page_fits_a_phone_and_a_desk_and_fetches_nothing() {
    if !Path::new(CHROMIUM).exists() {
        eprintln!("skipped: {CHROMIUM} is not installed; on Debian: apt-get install --no-install-recommends chromium");
        return;
    }
    let story = Story::whole();
    let page = story.page();
    for (width, height) in SIZES {
        // Folded parts are unfolded: they must fit as well.
        let unfolded = page.replace("<details", "<details open");
        story.desk.write("measured.html", frame(width, height, &unfolded));
        let dom = dump(&story.desk.path("measured.html"), (width.max(800), height));
        let title = scraper::Html::parse_document(&dom);
        let title =
            title.select(&scraper::Selector::parse("title").unwrap()).next().unwrap().text().collect::<String>();
        let measured: serde_json::Value = serde_json::from_str(&title).unwrap_or_else(|e| panic!("{e}: {title}"));
        assert_eq!(measured["inner"], width, "{measured}");
        assert!(measured["scroll"].as_u64().unwrap() <= u64::from(width), "it scrolls sideways: {measured}");
        assert_eq!(measured["wide"], serde_json::json!([]), "something sticks out: {measured}");
        assert_eq!(measured["fetched"], serde_json::json!([]), "something was asked for: {measured}");
        assert!(measured["charts"].as_u64().unwrap() > 8, "{measured}");
        assert!(measured["text"].as_f64().unwrap() >= 9.0, "the charts' text is too small to read: {measured}");
    }
}
