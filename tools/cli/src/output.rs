//! Text for people or JSON for machines, decided once.

use std::io::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

/// Who reads the output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Machines do.
    pub json: bool,
}

impl Output {
    /// Prints the result: the document for machines, or what `text` makes for people.
    pub(crate) fn result(self, document: &Value, text: impl FnOnce() -> String) {
        self.line(&if self.json { document.to_string() } else { text() });
    }

    /// Prints for people only.
    pub(crate) fn say(self, text: &str) {
        if !self.json {
            self.line(text);
        }
    }

    /// Writes one line to stdout. A reader that went away (`| head`) is no failure of ours.
    pub(crate) fn line(self, text: &str) {
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }
}

/// Columns of a terminal that tables keep to.
const WIDTH: u16 = 120;

/// A table of rows under a heading.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Table {
    let mut table = empty(presets::UTF8_FULL_CONDENSED);
    table.set_header(heading);
    table.add_rows(rows);
    table
}

/// Two columns without a heading.
pub(crate) fn facts<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> Table {
    let mut table = empty(presets::NOTHING);
    table.add_rows(rows.into_iter().map(|(name, value)| [name.to_owned(), value]));
    table
}

fn empty(style: comfy_table::TableStyle) -> Table {
    let mut table = Table::new();
    table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table
}
