//! The one place that meets hostile bytes: layout, signature, hashes, then each entry, then the entries together.

use std::ops::Range;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::check;
use crate::container::Frame;
use crate::contents::{Baseline, Contents};
use crate::entry::{self, MANIFEST, SIGNATURE};
use crate::error::BundleError;
use crate::golden::GoldenSet;
use crate::json;
use crate::layout;
use crate::manifest::{Entry, Manifest};
use crate::mmap::Backing;
use crate::weights::{Weights, WeightsError};

/// How much of a file is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Every byte.
    Whole,
    /// Every byte but those of tensors, which an earlier reading has vouched for.
    Headers,
}

/// Reads a file. `vouch` sees the raw manifest and signature before any of the manifest is parsed.
pub(crate) fn contents<S>(
    file: Arc<Backing>,
    depth: Depth,
    vouch: impl FnOnce(&[u8], &[u8]) -> Result<S, BundleError>,
) -> Result<(Contents, S), BundleError> {
    let front = layout::find_front(&file)?;
    let (signature, raw_manifest) = (&file[front.signature.clone()], &file[front.manifest.clone()]);
    let signer = vouch(raw_manifest, signature)?;
    let manifest: Manifest = json::parse(MANIFEST, 1, raw_manifest)?;
    check::manifest(&manifest)?;
    let mut frames = vec![Frame::of(SIGNATURE, signature), Frame::of(MANIFEST, raw_manifest)];
    frames.extend(manifest.entries.iter().map(frame_of));
    let layout = layout::compare(&file, frames)?;
    let listed = layout.entries.iter().skip(2).zip(&manifest.entries);
    let entries = listed.map(|(placed, entry)| (entry, place(placed.data_offset, entry.length))).collect();
    let reader = Reader { file: &file, depth, entries };
    reader.check_hashes()?;
    let digest = hex(&Sha256::digest(raw_manifest));
    let contents = reader.parse(front, manifest.clone(), digest)?;
    check::together(&contents)?;
    Ok((contents, signer))
}

fn frame_of(entry: &Entry) -> Frame {
    Frame { name: entry.name.clone(), length: entry.length, crc32: entry.crc32 }
}

/// The range of an entry's content; the layout has been compared, so that it lies within the file.
fn place(offset: u64, length: u64) -> Range<usize> {
    offset as usize..(offset + length) as usize
}

/// A file whose layout is known.
struct Reader<'a> {
    file: &'a Arc<Backing>,
    depth: Depth,
    entries: Vec<(&'a Entry, Range<usize>)>,
}

impl Reader<'_> {
    fn range(&self, name: &str) -> Option<Range<usize>> {
        self.entries.iter().find(|(entry, _)| entry.name == name).map(|(_, range)| range.clone())
    }

    fn content(&self, name: &str) -> &[u8] {
        self.range(name).map_or(&[], |range| &self.file[range])
    }

    fn check_hashes(&self) -> Result<(), BundleError> {
        for (entry, range) in &self.entries {
            if self.depth == Depth::Headers && entry::holds_tensors(&entry.name) {
                continue;
            }
            if hex(&Sha256::digest(&self.file[range.clone()])) != entry.sha256 {
                return Err(BundleError::Hash { entry: entry.name.clone() });
            }
        }
        Ok(())
    }

    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, BundleError> {
        json::parse(name, 1, self.content(name))
    }

    fn parse(&self, front: layout::Front, manifest: Manifest, digest: String) -> Result<Contents, BundleError> {
        Ok(Contents {
            file: Arc::clone(self.file),
            signature_range: front.signature,
            manifest_range: front.manifest,
            entry_ranges: self.entries.iter().map(|(_, range)| range.clone()).collect(),
            digest,
            manifest,
            schema: self.json(entry::SCHEMA)?,
            transforms: self.json(entry::TRANSFORMS)?,
            graph: self.json(entry::GRAPH)?,
            weights: self.model_weights()?,
            reference: self.json(entry::REFERENCE)?,
            golden: self.golden()?,
            golden_tensors: self.safetensors(entry::GOLDEN_TENSORS)?,
            baseline: self.baseline()?,
            readme: self.readme()?,
        })
    }

    fn model_weights(&self) -> Result<Weights, BundleError> {
        let dense = self.safetensors(entry::SAFETENSORS)?;
        let Some(range) = self.range(entry::GGUF) else { return Ok(dense) };
        let blocks = Weights::read_gguf(self.file, range)
            .and_then(|weights| self.depth.check_values(weights))
            .map_err(in_entry(entry::GGUF))?;
        dense.merge(&blocks).map_err(in_entry(entry::GGUF))
    }

    /// A safetensors entry, or no tensors when it is not there.
    fn safetensors(&self, name: &'static str) -> Result<Weights, BundleError> {
        let Some(range) = self.range(name) else { return Ok(Weights::default()) };
        let weights = Weights::read_safetensors(self.file, range.clone()).map_err(in_entry(name))?;
        weights.check_alignment(&self.file[range]).map_err(in_entry(name))?;
        self.depth.check_values(weights).map_err(in_entry(name))
    }

    fn golden(&self) -> Result<GoldenSet, BundleError> {
        let text = self.content(entry::GOLDEN);
        let mut lines = text.strip_suffix(b"\n").unwrap_or(text).split(|b| *b == b'\n').enumerate();
        let (_, first) = lines.next().unwrap_or_default();
        let header = json::parse(entry::GOLDEN, 1, first)?;
        let mut cases = Vec::new();
        for (index, line) in lines {
            check::golden_count(index)?;
            cases.push(json::parse(entry::GOLDEN, index + 1, line)?);
        }
        Ok(GoldenSet { header, cases })
    }

    fn baseline(&self) -> Result<Option<Baseline>, BundleError> {
        if self.range(entry::BASELINE_GRAPH).is_none() {
            return Ok(None);
        }
        Ok(Some(Baseline {
            transforms: self.json(entry::BASELINE_TRANSFORMS)?,
            graph: self.json(entry::BASELINE_GRAPH)?,
            weights: self.safetensors(entry::BASELINE_WEIGHTS)?,
        }))
    }

    fn readme(&self) -> Result<String, BundleError> {
        let text = String::from_utf8(self.content(entry::README).to_vec());
        text.map_err(|error| BundleError::Invalid {
            entry: entry::README.to_owned(),
            at: format!("byte {}", error.utf8_error().valid_up_to()),
            problem: "it is not UTF-8".to_owned(),
        })
    }
}

impl Depth {
    fn check_values(self, weights: Weights) -> Result<Weights, WeightsError> {
        if self == Self::Whole {
            weights.check_values()?;
        }
        Ok(weights)
    }
}

fn in_entry(name: &'static str) -> impl Fn(WeightsError) -> BundleError {
    move |source| BundleError::Weights { entry: name.to_owned(), source }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
