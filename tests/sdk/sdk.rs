//! What tests of the surface share: an open runtime with the fixture's models, and a record of a case.

use dunlin_uniffi::{Config, DunlinError, RecordBuilder, Runtime, Session, TrustedKey};

use crate::cases::{Case, bytes, number};
use crate::fixture::{FIXTURE, Folder};

/// A runtime in a folder of its own.
pub(crate) struct Sdk {
    pub(crate) folder: Folder,
    pub(crate) runtime: Runtime,
}

impl Sdk {
    /// Without any model yet.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = Folder::new();
        let mut config = config(&folder);
        change(&mut config);
        Self { runtime: Runtime::open(config).unwrap(), folder }
    }

    /// With every model of the fixture.
    pub(crate) fn ready() -> Self {
        let sdk = Self::new();
        sdk.install_all();
        sdk
    }

    pub(crate) fn install_all(&self) {
        for (_, bundle) in FIXTURE.bundles() {
            self.runtime.install_shipped(bundle.to_str().unwrap().to_owned()).unwrap();
        }
    }

    pub(crate) fn session(&self, model: &str) -> Session {
        self.runtime.session(model.to_owned()).unwrap()
    }
}

pub(crate) fn config(folder: &Folder) -> Config {
    Config {
        folder: folder.path().to_str().unwrap().to_owned(),
        keys: FIXTURE.keys().map(|(name, text)| TrustedKey { name: name.to_owned(), public_key: text }).collect(),
        ..Config::default()
    }
}

/// A case by name.
pub(crate) fn case(name: &str) -> &'static Case {
    FIXTURE.cases.cases.iter().find(|case| case.name == name).unwrap()
}

/// A case's record.
pub(crate) fn record(case: &Case) -> RecordBuilder {
    let builder = RecordBuilder::new();
    if let Some(text) = case.record_json() {
        builder.json(text);
    }
    for (kind, name, value) in &case.build {
        let (name, text) = (name.clone(), || value.as_str().unwrap().to_owned());
        match kind.as_str() {
            "number" => builder.number(name, number(value)),
            "integer" => builder.integer(name, value.as_i64().unwrap()),
            "boolean" => builder.boolean(name, value.as_bool().unwrap()),
            "category" => builder.category(name, text()),
            "text" => builder.text(name, text()),
            "tensor" => builder.tensor(name, bytes(value)),
            other => panic!("{other} is no kind"),
        }
    }
    builder
}

/// The record of the first case of `every`, which is accepted.
pub(crate) fn good() -> RecordBuilder {
    record(case("every_takes_each_type_of_feature"))
}

/// The name of an error's kind.
pub(crate) fn kind(error: &DunlinError) -> String {
    let debug = format!("{error:?}");
    debug.split([' ', '{']).next().unwrap_or_default().to_owned()
}

#[track_caller]
pub(crate) fn is_closed<T>(result: Result<T, DunlinError>) {
    assert!(matches!(result.err(), Some(DunlinError::Closed { .. })));
}
