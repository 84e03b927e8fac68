//! The JVM's hot path without a JVM: packed by an encoder of the tests' own, the cases come out the same.

use std::collections::BTreeMap;

use dunlin_uniffi::{Asking, DType, DunlinError, Feature, FeatureType, OutputInfo, Session, packed};
use serde_json::Value as Json;

use crate::all_pass;
use crate::cases::{Answered, Case, ExpectedReason, bytes, number};
use crate::fixture::FIXTURE;
use crate::sdk::{Sdk, case};
use crate::surface::refusal;

#[test]
fn every_case_that_can_be_packed_comes_out_as_it_was_worked_out() {
    let sdk = Sdk::ready();
    let outcome = |case: &Case| {
        let session = sdk.session(&case.model);
        let record = pack(&session.features().unwrap(), case)?;
        let came = predict(&session, &record).map(|answer| unpack(&session.outputs().unwrap(), &answer));
        Some(case.failure(came.map_err(|error| refusal(&error))))
    };
    // What is no value of its feature's type has no packed form.
    all_pass(FIXTURE.cases.cases.iter().filter_map(outcome), 30);
}

#[test]
fn a_record_that_is_not_packed_as_the_schema_says_is_refused_and_leaves_no_row() {
    let sdk = Sdk::ready();
    let session = sdk.session("every");
    let whole = pack(&session.features().unwrap(), case("every_takes_each_type_of_feature")).unwrap();
    let mut longer = whole.clone();
    longer.push(0);
    let mut neither = whole.clone();
    neither[0] = 2;
    let texts = [&whole[..whole.len() - 1], &whole[..1], &[], &longer, &neither];
    for (at, record) in texts.into_iter().enumerate() {
        let refused = predict(&session, record);
        assert!(matches!(refused, Err(DunlinError::InvalidArgument { .. })), "{at}: {refused:?}");
    }
    assert_eq!(predictions(&sdk), 0);
}

#[test]
fn an_answer_that_might_not_fit_is_refused_before_anything_is_predicted() {
    let sdk = Sdk::ready();
    let session = sdk.session("every");
    let record = pack(&session.features().unwrap(), case("every_takes_each_type_of_feature")).unwrap();
    let needed = session.max_answer_bytes().unwrap() as usize;
    let short = packed::predict(session.handle().unwrap(), Asking::Live, &record, &mut vec![0; needed - 1]);
    assert!(matches!(&short, Err(DunlinError::InvalidArgument { message }) if message.contains(&needed.to_string())));
    assert_eq!(predictions(&sdk), 0);
    assert!(packed::predict(session.handle().unwrap(), Asking::Live, &record, &mut vec![0; needed]).is_ok());
    assert_eq!(predictions(&sdk), 1);
}

/// Predictions and refusals on the record.
fn predictions(sdk: &Sdk) -> u64 {
    sdk.runtime.flush().unwrap();
    let counters = sdk.runtime.health().unwrap().counters;
    ["journal.predictions", "journal.refused"].iter().filter_map(|name| counters.get(*name)).sum()
}

/// A packed answer.
pub(crate) fn predict(session: &Session, record: &[u8]) -> Result<Vec<u8>, DunlinError> {
    let mut answer = vec![0xAA; session.max_answer_bytes().unwrap() as usize];
    let written = packed::predict(session.handle().unwrap(), Asking::Live, record, &mut answer)?;
    assert!(answer[written..].iter().all(|byte| *byte == 0xAA), "it wrote more than it says");
    answer.truncate(written);
    Ok(answer)
}

/// The packed record of a case, where it has one.
pub(crate) fn pack(features: &[Feature], case: &Case) -> Option<Vec<u8>> {
    let mut values: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    if case.json.is_some() {
        return None;
    }
    for (name, value) in case.record.iter().flatten().filter(|(_, value)| !value.is_null()) {
        let feature = features.iter().find(|feature| feature.name == *name)?;
        values.insert(name, pack_json(feature, value)?);
    }
    for (kind, name, value) in &case.build {
        let feature = features.iter().find(|feature| feature.name == *name)?;
        values.insert(name, pack_built(feature, kind, value)?);
    }
    let one = |feature: &Feature| match values.get(feature.name.as_str()) {
        Some(value) => [&[1], value.as_slice()].concat(),
        None => vec![0],
    };
    Some(features.iter().flat_map(one).collect())
}

fn pack_json(feature: &Feature, value: &Json) -> Option<Vec<u8>> {
    match feature.kind {
        FeatureType::Number => Some(value.as_f64()?.to_le_bytes().to_vec()),
        FeatureType::Integer => Some(value.as_i64()?.to_le_bytes().to_vec()),
        FeatureType::Boolean => Some(vec![u8::from(value.as_bool()?)]),
        FeatureType::Category | FeatureType::Text => Some(pack_text(value.as_str()?)),
        FeatureType::Tensor => {
            let elements = flat(value);
            let fits = elements.len() as u64 == feature.shape.iter().product::<u64>();
            let same_rank = depth(value) == feature.shape.len();
            (fits && same_rank).then(|| elements.iter().flat_map(|e| pack_element(feature.dtype.unwrap(), e)).collect())
        }
    }
}

fn pack_built(feature: &Feature, kind: &str, value: &Json) -> Option<Vec<u8>> {
    let fits = format!("{:?}", feature.kind).to_lowercase() == kind;
    match kind {
        _ if !fits => None,
        "number" => Some(number(value).to_le_bytes().to_vec()),
        "tensor" => {
            let size = pack_element(feature.dtype.unwrap(), &Json::from(0)).len() as u64;
            Some(bytes(value)).filter(|b| b.len() as u64 == size * feature.shape.iter().product::<u64>())
        }
        _ => pack_json(feature, value),
    }
}

fn pack_text(text: &str) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_le_bytes(), text.as_bytes()].concat()
}

fn pack_element(dtype: DType, value: &Json) -> Vec<u8> {
    // `null` stands for NaN.
    let number = value.as_f64().or_else(|| Some(f64::from(u8::from(value.as_bool()?)))).unwrap_or(f64::NAN);
    match dtype {
        DType::F32 => (number as f32).to_le_bytes().to_vec(),
        DType::F16 => half::f16::from_f64(number).to_le_bytes().to_vec(),
        DType::I8 => (number as i8).to_le_bytes().to_vec(),
        DType::U8 | DType::Bool => vec![number as u8],
        DType::I32 => (number as i32).to_le_bytes().to_vec(),
        DType::I64 => (number as i64).to_le_bytes().to_vec(),
    }
}

fn flat(value: &Json) -> Vec<Json> {
    match value {
        Json::Array(items) => items.iter().flat_map(flat).collect(),
        one => vec![one.clone()],
    }
}

fn depth(value: &Json) -> usize {
    value.as_array().map_or(0, |items| 1 + items.first().map_or(0, depth))
}

/// Reads a packed answer as docs/sdk.md says it is written.
pub(crate) fn unpack(infos: &[OutputInfo], answer: &[u8]) -> Answered {
    let mut rest = Rest(answer);
    let _id = i64::from_le_bytes(rest.array());
    let [verdict, by, _stale, _fallback] = rest.array();
    let _latency = rest.length();
    let (confidence, distance) = (rest.number(), rest.number());
    let (mut class, mut values) = (None, BTreeMap::new());
    assert_eq!(rest.length(), infos.len());
    for info in infos {
        let (count, index, probability) = (rest.length(), i32::from_le_bytes(rest.array()), rest.number());
        let elements: Vec<f64> = (0..count).map(|_| f64::from(f32::from_le_bytes(rest.array()))).collect();
        if let Ok(index) = usize::try_from(index) {
            class = class.or(Some((info.classes[index].clone(), probability.unwrap())));
        }
        if !elements.is_empty() {
            values.insert(info.name.clone(), elements);
        }
    }
    let reasons = (0..rest.length()).map(|_| {
        let (code, culprit, message) = (rest.text(), rest.text(), rest.text());
        assert!(message.contains(&culprit));
        ExpectedReason { code, culprit }
    });
    let reasons = reasons.collect();
    assert!(rest.0.is_empty());
    let verdict = ["accept", "abstain"][usize::from(verdict)];
    let answered_by = ["model", "baseline", "cloud", "nobody"][usize::from(by)].to_owned();
    Answered { verdict, answered_by, class, confidence, distance, values, reasons }
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_first_chunk().unwrap();
        self.0 = rest;
        *taken
    }

    fn length(&mut self) -> usize {
        u32::from_le_bytes(self.array()) as usize
    }

    fn number(&mut self) -> Option<f64> {
        Some(f64::from_le_bytes(self.array())).filter(|number| !number.is_nan())
    }

    fn text(&mut self) -> String {
        let (taken, rest) = self.0.split_at(u32::from_le_bytes(self.0[..4].try_into().unwrap()) as usize + 4);
        self.0 = rest;
        String::from_utf8(taken[4..].to_vec()).unwrap()
    }
}
