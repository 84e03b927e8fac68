//! Sessions of the two models that the tests predict with.

use std::path::{Path, PathBuf};

use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::signing::TestKey;
use dunlin_uniffi::{Config, Runtime, Session, TrustedKey};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden");

/// The first record of tests/golden/held-out.jsonl.
#[rustfmt::skip]
const EIGHT: [u8; 64] = [
    0, 0, 7, 12, 10, 0, 0, 0,
    0, 3, 16, 16, 16, 9, 1, 0,
    0, 0, 8, 16, 16, 11, 1, 0,
    0, 0, 10, 16, 16, 0, 0, 0,
    0, 3, 16, 14, 16, 4, 0, 0,
    0, 4, 13, 0, 7, 15, 0, 0,
    0, 4, 14, 2, 2, 16, 0, 0,
    0, 0, 6, 11, 10, 5, 0, 0,
];

/// A session, and a packed record that its model accepts.
pub(super) struct Served {
    pub(super) session: Session,
    pub(super) record: Vec<u8>,
    pub(super) answer_bytes: usize,
    model: &'static str,
    bundle: Vec<u8>,
    public_key: String,
    _folder: tempfile::TempDir,
}

impl Served {
    /// Images of 64 levels of grey, some twenty microseconds a prediction; this one is an 8 and accepted as one.
    pub(super) fn digits() -> Self {
        Self::of_image(image(|at| f32::from(EIGHT[at])))
    }

    /// The same, with an image that is no digit: the answer tells several reasons why it abstains.
    pub(super) fn no_digit() -> Self {
        Self::of_image(image(|at| (at * 7 % 17) as f32))
    }

    fn of_image(record: Vec<u8>) -> Self {
        let golden = Path::new(GOLDEN);
        let public_key = std::fs::read_to_string(golden.join("demo.pub")).unwrap();
        let bundle = std::fs::read(golden.join("digits-f32.dunlin")).unwrap();
        Self::of("digits", bundle, public_key, record)
    }

    /// Five features and three classes: what is left is the cost of a call.
    pub(super) fn tiny() -> Self {
        let key = TestKey::generate();
        let bundle = key.sign_bundle(tiny_parts().write().unwrap()).unwrap();
        let values: [&[u8]; 5] =
            [&35_f64.to_le_bytes(), &4_i64.to_le_bytes(), b"\x04\0\0\0blue", &[1], &1800_f64.to_le_bytes()];
        let record = values.iter().flat_map(|value| [&[1], *value].concat()).collect();
        Self::of("tiny", bundle, key.public_text(), record)
    }

    fn of(model: &'static str, bundle: Vec<u8>, public_key: String, record: Vec<u8>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::open(Config {
            folder: folder.path().join("runtime").to_str().unwrap().to_owned(),
            keys: vec![TrustedKey { name: "trusted".to_owned(), public_key: public_key.clone() }],
            ..Config::default()
        });
        let runtime = runtime.unwrap();
        runtime.install(written(&bundle, folder.path()).to_str().unwrap().to_owned()).unwrap();
        let session = runtime.session(model.to_owned()).unwrap();
        let answer_bytes = session.max_answer_bytes().unwrap() as usize;
        Self { session, record, answer_bytes, model, bundle, public_key, _folder: folder }
    }

    /// The same model in a session of the runtime's own, without the surface of the SDKs; it lasts as long as the folder.
    pub(super) fn in_rust(&self, folder: &Path) -> dunlin::Session {
        let mut keys = dunlin::TrustedKeys::new();
        keys.add("trusted", &self.public_key).unwrap();
        let runtime = dunlin::Runtime::open(dunlin::Config::new(folder.join("runtime"), keys));
        runtime.install(&written(&self.bundle, folder)).unwrap();
        runtime.session(self.model).unwrap()
    }

    pub(super) fn handle(&self) -> i64 {
        self.session.handle().unwrap() as i64
    }
}

fn written(bundle: &[u8], folder: &Path) -> PathBuf {
    let path = folder.join("model.dunlin");
    std::fs::write(&path, bundle).unwrap();
    path
}

/// A packed record of one image.
pub(super) fn image(grey: impl Fn(usize) -> f32) -> Vec<u8> {
    std::iter::once(1).chain((0..64).flat_map(|at| grey(at).to_le_bytes())).collect()
}

/// An answer without its id and latency, which differ from call to call.
pub(super) fn same(answer: &[u8]) -> (&[u8], &[u8]) {
    (&answer[8..12], &answer[16..])
}
