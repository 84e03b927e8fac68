//! Reads the public names out of Kotlin, Swift and Rust, as far as the SDKs' sources go: declarations, not grammar.

use std::collections::BTreeSet;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Kotlin,
    Swift,
    /// The types that Swift's surface is generated from.
    Rust,
}

const TYPES: &[&str] =
    &["class", "interface", "object", "struct", "enum", "protocol", "actor", "extension", "trait", "impl", "typealias"];
const MEMBERS: &[&str] = &["fun", "func", "fn", "val", "var", "let"];
const VISIBILITIES: &[&str] =
    &["public", "pub", "open", "override", "private", "fileprivate", "internal", "package", "protected"];
/// What a language asks of every type, and no app calls by name.
const CUSTOMARY: &[&str] = &["to_string", "error_description", "new"];

/// What a brace or a parenthesis holds.
#[derive(Clone)]
enum Scope {
    /// A type's body, or the parameters of its constructor; `lists`: its members are public without saying so.
    Type {
        name: String,
        is_public: bool,
        is_enum: bool,
        lists: bool,
    },
    Other,
}

/// Every public type, as `type`, and its members, as `type.member`, in snake case.
pub(crate) fn names_of(source: &str, language: Language) -> BTreeSet<String> {
    let words = words(source);
    let mut reader = Reader { language, found: BTreeSet::new(), scopes: Vec::new(), begun: None, visibility: None };
    for at in 0..words.len() {
        reader.take(&words, at);
    }
    reader.found
}

/// The identifiers of a C header, in lower case.
pub(crate) fn identifiers(source: &str) -> BTreeSet<String> {
    words(source).into_iter().map(|word| word.to_lowercase()).collect()
}

/// `modelId`, `MODEL_ID` and `ModelId` are `model_id`.
pub(crate) fn snake(name: &str) -> String {
    if !name.contains(char::is_lowercase) {
        return name.to_lowercase();
    }
    let mut snake = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake.replace("__", "_")
}

struct Begun {
    scope: Scope,
    /// Its constructor's parameters have been read, or it has none.
    is_headed: bool,
    /// Scopes around it.
    depth: usize,
}

struct Reader {
    language: Language,
    found: BTreeSet<String>,
    scopes: Vec<Scope>,
    /// A type whose name was read, and whose body has not begun.
    begun: Option<Begun>,
    visibility: Option<String>,
}

impl Reader {
    fn take(&mut self, words: &[String], at: usize) {
        let (word, next) = (words[at].as_str(), words.get(at + 1).map_or("", String::as_str));
        match word {
            "{" => {
                // A lambda among a constructor's parameters is no body.
                let begun = self.begun.take_if(|begun| begun.depth == self.scopes.len());
                self.scopes.push(begun.map_or(Scope::Other, |begun| begun.scope));
                self.visibility = None;
            }
            "(" => self.parenthesis(),
            "}" | ")" => drop(self.scopes.pop()),
            // `internal(set)` and `pub(crate)`
            _ if VISIBILITIES.contains(&word) && next == "(" => {
                self.visibility = self.visibility.take().filter(|_| word != "pub");
            }
            _ if VISIBILITIES.contains(&word) => self.visibility = Some(word.to_owned()),
            "companion" => self.begin(self.scopes.last().cloned().unwrap_or(Scope::Other), true),
            _ if TYPES.contains(&word)
                && is_name(next)
                && next != "class"
                && words.get(at.wrapping_sub(1)).is_none_or(|word| word != ".") =>
            {
                self.declare_type(words, at);
            }
            _ if MEMBERS.contains(&word) && !TYPES.contains(&next) => self.declare(next),
            "case" => self.cases(words, at),
            _ => self.entry(word, next),
        }
    }

    /// The first after a class's name holds its constructor's parameters; a `val` among them is a member.
    fn parenthesis(&mut self) {
        let scope = match &mut self.begun {
            Some(Begun { scope: Scope::Type { name, is_public, .. }, is_headed, .. })
                if !*is_headed && self.language == Language::Kotlin =>
            {
                *is_headed = true;
                self.visibility = None;
                Scope::Type { name: name.clone(), is_public: *is_public, is_enum: false, lists: true }
            }
            _ => Scope::Other,
        };
        self.scopes.push(scope);
    }

    fn begin(&mut self, scope: Scope, is_headed: bool) {
        self.begun = Some(Begun { scope, is_headed, depth: self.scopes.len() });
    }

    fn declare_type(&mut self, words: &[String], at: usize) {
        let (word, mut last) = (words[at].as_str(), at + 1);
        while words.get(last + 1).is_some_and(|word| word == ".") {
            last += 2;
        }
        let name = snake(&words[last]);
        let opens = matches!(word, "extension" | "impl");
        let visibility = self.visibility.take();
        let is_public = opens || is_told(visibility.as_deref());
        let is_enum = word == "enum" || words.get(at.wrapping_sub(1)).is_some_and(|before| before == "enum");
        let outer = match self.scopes.last() {
            // Swift's types stand inside of `Dunlin`, so that they meet no name of the app's.
            Some(Scope::Type { name, .. }) if self.language == Language::Kotlin => Some(name.clone()),
            _ => None,
        };
        let is_seen = self.scopes.iter().all(|scope| matches!(scope, Scope::Type { is_public: true, .. }));
        if is_public && is_seen && !opens {
            self.found.insert(outer.as_ref().map_or(name.clone(), |outer| format!("{outer}.{name}")));
        }
        // What a case holds is not compared.
        let is_public = is_public && is_seen && outer.is_none();
        if word != "typealias" {
            let lists = matches!(word, "protocol" | "trait");
            self.begin(Scope::Type { name, is_public, is_enum, lists }, false);
        }
    }

    fn declare(&mut self, name: &str) {
        self.begun.take_if(|begun| begun.depth == self.scopes.len());
        let visibility = self.visibility.take();
        let Some(Scope::Type { name: of, is_public: true, lists, .. }) = self.scopes.last() else { return };
        if is_told(visibility.as_deref()) || (visibility.is_none() && *lists) {
            self.tell(&of.clone(), name);
        }
    }

    /// `case a, b(c: Int)` of Swift.
    fn cases(&mut self, words: &[String], at: usize) {
        let Some(Scope::Type { name, is_public: true, is_enum: true, .. }) = self.scopes.last() else { return };
        self.tell(&name.clone(), &words[at + 1].clone());
    }

    /// An entry of an enum of Kotlin or Rust, or a field of a struct of Rust.
    fn entry(&mut self, word: &str, next: &str) {
        let Some(Scope::Type { name, is_public: true, is_enum, .. }) = self.scopes.last() else { return };
        let name = name.clone();
        let is_entry = *is_enum && self.language != Language::Swift && matches!(next, "," | "}" | ";" | "{");
        let is_field =
            !*is_enum && self.language == Language::Rust && next == ":" && self.visibility.as_deref() == Some("pub");
        if is_name(word) && (is_entry || is_field) {
            self.tell(&name, word);
            self.visibility = None;
        }
    }

    fn tell(&mut self, of: &str, name: &str) {
        let name = snake(name);
        if !CUSTOMARY.contains(&name.as_str()) {
            self.found.insert(format!("{of}.{name}"));
        }
    }
}

fn is_told(visibility: Option<&str>) -> bool {
    matches!(visibility, Some("public" | "pub" | "open" | "override"))
}

fn is_name(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_alphabetic())
}

/// Names and single signs, without comments, attributes' signs and the insides of texts.
fn words(source: &str) -> Vec<String> {
    let letters: Vec<char> = source.chars().collect();
    let starts =
        |at: usize, text: &str| text.chars().enumerate().all(|(more, sign)| letters.get(at + more) == Some(&sign));
    let after = |from: usize, end: &str| {
        (from..letters.len()).find(|at| starts(*at, end)).map_or(letters.len(), |at| at + end.len())
    };
    let (mut words, mut at) = (Vec::new(), 0);
    while at < letters.len() {
        if starts(at, "//") {
            at = after(at, "\n");
        } else if starts(at, "/*") {
            at = after(at, "*/");
        } else if starts(at, "\"") {
            at += 1;
            while at < letters.len() && letters[at] != '"' {
                at += if letters[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if letters[at] == '\'' && letters.get(at + 2) == Some(&'\'') {
            at += 3;
        } else if letters[at].is_alphanumeric() || letters[at] == '_' {
            let end = (at..letters.len())
                .find(|at| !letters[*at].is_alphanumeric() && letters[*at] != '_')
                .unwrap_or(letters.len());
            words.push(letters[at..end].iter().collect());
            at = end;
        } else {
            words.extend(Some(letters[at]).filter(|sign| !sign.is_whitespace() && *sign != '`').map(String::from));
            at += 1;
        }
    }
    words
}
