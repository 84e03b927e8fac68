//! The server's own bundles: all of them verified at start, the latest of each model ready to answer.

mod answer;
mod error;
mod rows;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use dunlin_bundle::graph::{Dim, ValueInfo};
use dunlin_bundle::schema::Schema;
use dunlin_bundle::{Bundle, TrustedKeys};
use dunlin_engine::PlanEngine;
use dunlin_predictor::{Predictor, verify_golden};
use sha2::{Digest, Sha256};

pub(crate) use answer::{AnswerError, answer};
use error::BundleFault;
pub use error::ModelsError;

const EXTENSION: &str = "dunlin";

/// What the server answers with and hands out.
#[derive(Default)]
pub(crate) struct Models {
    /// Every bundle by its file's name, the only names that are handed out.
    pub(crate) bundles: BTreeMap<String, BundleFile>,
    /// The latest bundle of each model.
    pub(crate) loaded: BTreeMap<String, Arc<LoadedModel>>,
}

/// A verified bundle's file, held open: what is handed out is what was verified, whatever becomes of the name.
pub(crate) struct BundleFile {
    pub(crate) model_id: String,
    pub(crate) version: String,
    pub(crate) sequence: u64,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) file: Arc<File>,
}

/// A model that answers.
pub(crate) struct LoadedModel {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) sequence: u64,
    /// What a record must hold.
    pub(crate) schema: Schema,
    /// Name and number of elements of each output; -1 where that is known only after the run.
    pub(crate) outputs: Vec<(String, i64)>,
    first: Mutex<Predictor>,
    idle: Mutex<Vec<Predictor>>,
}

impl Models {
    /// Reads every bundle of a folder, in the order of their names.
    pub(crate) fn read(folder: &Path, keys: &TrustedKeys) -> Result<Self, ModelsError> {
        let unreadable = |source| ModelsError::Folder { folder: folder.to_owned(), source };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                paths.push(path);
            }
        }
        paths.sort();
        let (mut models, mut latest) = (Self::default(), BTreeMap::<String, (String, Bundle)>::new());
        for path in paths {
            let refused = |fault| ModelsError::Bundle { path: path.clone(), fault: Box::new(fault) };
            let (file, bundle) = read_bundle(&path, keys).map_err(refused)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (model, sequence) = (file.model_id.clone(), file.sequence);
            let twin = models.bundles.iter().find(|(_, f)| f.model_id == model && f.sequence == sequence);
            if let Some((other, _)) = twin {
                return Err(ModelsError::Twins { first: other.clone(), second: name, model, sequence });
            }
            models.bundles.insert(name.clone(), file);
            if latest.get(&model).is_none_or(|(_, known)| known.manifest().sequence < sequence) {
                latest.insert(model, (name, bundle));
            }
        }
        for (model, (name, bundle)) in latest {
            let refused = |fault| ModelsError::Bundle { path: folder.join(&name), fault: Box::new(fault) };
            models.loaded.insert(model, Arc::new(LoadedModel::load(&bundle).map_err(refused)?));
        }
        Ok(models)
    }
}

/// Reads and verifies one bundle; the file stays open.
fn read_bundle(path: &Path, keys: &TrustedKeys) -> Result<(BundleFile, Bundle), BundleFault> {
    let mut file = File::open(path).map_err(BundleFault::Read)?;
    let length = file.metadata().map_err(BundleFault::Read)?.len();
    if length > dunlin_bundle::limits::MAX_BUNDLE_BYTES {
        return Err(BundleFault::TooLarge { length });
    }
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut bytes).map_err(BundleFault::Read)?;
    let (sha256, bytes_read) = (hex(&Sha256::digest(&bytes)), bytes.len() as u64);
    let bundle = Bundle::read(bytes, keys)?;
    let manifest = bundle.manifest();
    let file = BundleFile {
        model_id: manifest.model_id.clone(),
        version: manifest.version.to_string(),
        sequence: manifest.sequence,
        bytes: bytes_read,
        sha256,
        file: Arc::new(file),
    };
    Ok((file, bundle))
}

impl LoadedModel {
    fn load(bundle: &Bundle) -> Result<Self, BundleFault> {
        let mut predictor = Predictor::load(&PlanEngine::default(), bundle)?;
        verify_golden(&mut predictor, bundle)?;
        let outputs = bundle.graph().outputs.iter().map(|value| (value.name.clone(), width(value))).collect();
        let manifest = bundle.manifest();
        Ok(Self {
            name: manifest.model_id.clone(),
            version: manifest.version.to_string(),
            sequence: manifest.sequence,
            schema: bundle.schema().clone(),
            outputs,
            first: Mutex::new(predictor.another()),
            idle: Mutex::new(vec![predictor]),
        })
    }

    /// Lends a predictor; there are as many as are used at a time.
    pub(crate) fn with_predictor<T>(&self, use_it: impl FnOnce(&mut Predictor) -> T) -> T {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lent = idle().pop();
        let mut lent = lent.unwrap_or_else(|| self.first.lock().unwrap_or_else(PoisonError::into_inner).another());
        let result = use_it(&mut lent);
        idle().push(lent);
        result
    }
}

/// Elements of one row of an output.
fn width(value: &ValueInfo) -> i64 {
    let sizes = value.shape.iter().skip(1).map(|dim| match dim {
        Dim::Size(size) => i64::try_from(*size).ok(),
        Dim::Symbol(_) => None,
    });
    sizes.into_iter().try_fold(1i64, |n, size| n.checked_mul(size?)).unwrap_or(-1)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
