//! A page as a browser reads it: elements, texts, attributes.

use scraper::{Html, Selector};

/// A page; parsed whenever it is asked, since a parsed page belongs to one thread.
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn of(text: &str) -> Self {
        let page = Self(text.to_owned());
        assert!(text.starts_with("<!DOCTYPE html>"), "the page has no document type");
        page
    }

    fn parsed(&self) -> Html {
        Html::parse_document(&self.0)
    }

    /// The texts of everything that a CSS selector finds, white space as one space.
    pub(crate) fn texts(&self, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("the selector is CSS");
        let text = |element: scraper::ElementRef<'_>| {
            element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
        };
        self.parsed().select(&selector).map(text).collect()
    }

    /// The text of the one thing that a selector finds.
    pub(crate) fn text(&self, selector: &str) -> String {
        let texts = self.texts(selector);
        let [text] = texts.as_slice() else { panic!("{selector}: {} elements", texts.len()) };
        text.clone()
    }

    /// The names of all elements.
    pub(crate) fn elements(&self) -> Vec<String> {
        let all = Selector::parse("*").expect("the selector is CSS");
        self.parsed().select(&all).map(|element| element.value().name().to_owned()).collect()
    }

    /// Every attribute of every element.
    pub(crate) fn attributes(&self) -> Vec<(String, String)> {
        let all = Selector::parse("*").expect("the selector is CSS");
        let of = |element: scraper::ElementRef<'_>| {
            element.value().attrs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>()
        };
        self.parsed().select(&all).flat_map(of).collect()
    }

    /// The rows of the table with this label, cell by cell.
    pub(crate) fn rows(&self, label: &str) -> Vec<Vec<String>> {
        let rows = Selector::parse(&format!("[aria-label=\"{label}\"] tbody tr")).expect("the selector is CSS");
        let cells = Selector::parse("td").expect("the selector is CSS");
        let text = |cell: scraper::ElementRef<'_>| cell.text().collect::<String>().trim().to_owned();
        self.parsed().select(&rows).map(|row| row.select(&cells).map(text).collect()).collect()
    }
}
