//! `--shift SPEC`: the words for what goes wrong with the records, and what is said when they are not understood.

use std::str::FromStr;

use dunlin_models::digits::WornCamera;
use dunlin_models::vibration::WornMount;

/// The words that there are, for messages and the help.
pub(super) const WORDS: &str = "\
add:FEATURE=0.5sd (or a number), scale:FEATURE=1.2, missing:FEATURE=0.3, nan:FEATURE=0.05, outside:FEATURE=0.1, \
level:FEATURE=NAME:0.5, freeze:FEATURE, mount:demo, mount:weak, camera:demo, camera:weak, \
blur=0.2,contrast=0.9,rotation=5,noise=0.5";

/// A camera that sees what is there.
const NEW: WornCamera = WornCamera { blur: 0.0, contrast: 1.0, rotation_degrees: 0.0, noise: 0.0 };

/// A shift as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spec {
    /// As written, for reports.
    pub text: String,
    pub what: What,
}

/// What it does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    /// Changes one feature.
    Feature(String, Change),
    /// Changes the pictures.
    Camera(WornCamera),
    /// Changes windows of an accelerometer.
    Mount(WornMount),
}

/// What happens to a feature.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// Something is added: a number, or a share of the feature's standard deviation in the records.
    Add(f64, Unit),
    /// It is multiplied.
    Scale(f64),
    /// It is absent in this share of the records.
    Missing(f64),
    /// It is NaN in this share of the records.
    Nan(f64),
    /// It lies outside of its domain in this share of the records.
    Outside(f64),
    /// It is moved to this level in this share of the records.
    Level(String, f64),
    /// It stays at one value, as that of a sensor that has stopped.
    Freeze,
}

/// What a number is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// The feature's own.
    Own,
    /// Its standard deviation in the records.
    StandardDeviation,
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let what = match text.split_once(':') {
            Some(("camera", "demo")) => What::Camera(WornCamera::DEMO),
            Some(("camera", "weak")) => What::Camera(WornCamera::WEAK),
            Some(("camera", other)) => return Err(format!("there is no camera '{other}'; there are demo and weak")),
            Some(("mount", "demo")) => What::Mount(WornMount::DEMO),
            Some(("mount", "weak")) => What::Mount(WornMount::WEAK),
            Some(("mount", other)) => return Err(format!("there is no mount '{other}'; there are demo and weak")),
            Some((word, rest)) => feature(word, rest)?,
            None => What::Camera(camera(text)?),
        };
        Ok(Self { text: text.to_owned(), what })
    }
}

fn feature(word: &str, rest: &str) -> Result<What, String> {
    if word == "freeze" {
        return match rest {
            "" => Err("freeze wants a feature, as in freeze:FEATURE".to_owned()),
            name => Ok(What::Feature(name.to_owned(), Change::Freeze)),
        };
    }
    let known = ["add", "scale", "missing", "nan", "outside", "level"];
    if !known.contains(&word) {
        return Err(format!("'{word}' is no shift; there are {WORDS}"));
    }
    let split = rest.rsplit_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = split.ok_or_else(|| format!("{word} wants a feature and a value, as in {}", example(word)))?;
    let change = match word {
        "add" => match value.strip_suffix("sd") {
            Some(share) => Change::Add(number(share)?, Unit::StandardDeviation),
            None => Change::Add(number(value)?, Unit::Own),
        },
        "scale" => Change::Scale(number(value)?),
        "missing" => Change::Missing(share(value)?),
        "nan" => Change::Nan(share(value)?),
        "outside" => Change::Outside(share(value)?),
        _ => {
            let (level, moved) = value
                .rsplit_once(':')
                .ok_or_else(|| format!("level wants a name and a share, as in {}", example(word)))?;
            Change::Level(level.to_owned(), share(moved)?)
        }
    };
    Ok(What::Feature(name.to_owned(), change))
}

/// `blur=..,contrast=..,rotation=..,noise=..`, each of them or some.
fn camera(text: &str) -> Result<WornCamera, String> {
    let mut camera = NEW;
    for part in text.split(',') {
        let (name, value) = part.split_once('=').ok_or_else(|| format!("'{part}' is no shift; there are {WORDS}"))?;
        let value = number(value)? as f32;
        match name.trim() {
            "blur" => camera.blur = value,
            "contrast" => camera.contrast = value,
            "rotation" => camera.rotation_degrees = value,
            "noise" => camera.noise = value,
            other => return Err(format!("a camera has no '{other}'; it has blur, contrast, rotation and noise")),
        }
    }
    Ok(camera)
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| format!("'{text}' is no number"))
}

/// A share of the records.
pub(super) fn share(text: &str) -> Result<f64, String> {
    number(text)
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("'{text}' is no share; give one from 0 to 1"))
}

/// The example of a word.
fn example(word: &str) -> &'static str {
    WORDS.split(", ").find(|words| words.starts_with(word)).unwrap_or(WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &str) -> What {
        text.parse::<Spec>().unwrap_or_else(|e| panic!("{text}: {e}")).what
    }

    #[test]
    fn every_word_is_understood() {
        let feature = |name: &str, change| What::Feature(name.to_owned(), change);
        assert_eq!(what("add:age=0.5sd"), feature("age", Change::Add(0.5, Unit::StandardDeviation)));
        assert_eq!(what("add:age=-3"), feature("age", Change::Add(-3.0, Unit::Own)));
        assert_eq!(what("scale:a=b=1.2"), feature("a=b", Change::Scale(1.2)));
        assert_eq!(what("missing:age=0.3"), feature("age", Change::Missing(0.3)));
        assert_eq!(what("level:colour=dark:red:0.5"), feature("colour", Change::Level("dark:red".to_owned(), 0.5)));
        assert_eq!(what("nan:age=1"), feature("age", Change::Nan(1.0)));
        assert_eq!(what("outside:age=0"), feature("age", Change::Outside(0.0)));
        assert_eq!(what("freeze:age"), feature("age", Change::Freeze));
        assert_eq!(what("camera:demo"), What::Camera(WornCamera::DEMO));
        assert_eq!(what("mount:weak"), What::Mount(WornMount::WEAK));
        assert_eq!(what("blur=0.5, noise=2"), What::Camera(WornCamera { blur: 0.5, noise: 2.0, ..NEW }));
    }

    #[test]
    fn what_is_not_understood_is_named_with_what_is_allowed() {
        for (text, words) in [
            ("", "there are add:"),
            ("ad:age=1", "'ad' is no shift"),
            ("add:age", "add:FEATURE=0.5sd"),
            ("add:=1", "add:FEATURE=0.5sd"),
            ("add:age=muchsd", "'much' is no number"),
            ("scale:age=inf", "'inf' is no number"),
            ("missing:age=1.5", "from 0 to 1"),
            ("level:colour=red", "level:FEATURE=NAME:0.5"),
            ("freeze:", "freeze:FEATURE"),
            ("camera:old", "demo and weak"),
            ("mount:old", "demo and weak"),
            ("blur=1,shine=2", "no 'shine'"),
        ] {
            let error = text.parse::<Spec>().expect_err("it is refused");
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
