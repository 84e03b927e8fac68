//! Documents whose measured parts are written anew: the text between `<!-- KIND NAME -->` and `<!-- end NAME -->`.

use std::fs;

use crate::project::Project;

/// Replaces one part of a document below the root.
pub(crate) fn rewrite(project: &Project, document: &str, kind: &str, name: &str, text: &str) -> Result<(), String> {
    let path = project.root.join(document);
    let of_file = |error: std::io::Error| format!("{document}: {error}");
    let old = fs::read_to_string(&path).map_err(of_file)?;
    let new = replaced(&old, kind, name, text).map_err(|why| format!("{document} {why}"))?;
    fs::write(&path, new).map_err(of_file)?;
    println!("written: {document}, {name}");
    Ok(())
}

fn replaced(document: &str, kind: &str, name: &str, text: &str) -> Result<String, String> {
    let (start, end) = (format!("<!-- {kind} {name} -->"), format!("<!-- end {name} -->"));
    let missing = || format!("has no `{start}` before `{end}`");
    let (before, rest) = document.split_once(&start).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(format!("{before}{start}\n{}\n{end}{after}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_the_marks_is_replaced() {
        let document = "a\n<!-- bench x -->\nold\n<!-- end x -->\nb\n";
        let expected = "a\n<!-- bench x -->\nnew\n<!-- end x -->\nb\n";
        assert_eq!(replaced(document, "bench", "x", "new\n").as_deref(), Ok(expected));
        assert_eq!(replaced(expected, "bench", "x", "new\n").as_deref(), Ok(expected));
        assert!(replaced(document, "bench", "y", "new").is_err());
        assert!(replaced(document, "calibrate", "x", "new").is_err());
    }
}
