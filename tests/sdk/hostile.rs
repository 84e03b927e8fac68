//! Packed records that nobody packed honestly: read, or refused with a reason, and never more than that.

use std::sync::LazyLock;

use dunlin::schema::{FeatureType, Schema};
use dunlin::{Record, Value};
use dunlin_tests::every_feature::every_parts;
use dunlin_uniffi::DunlinError;
use dunlin_uniffi::packed::read_record;
use proptest::prelude::*;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| every_parts().schema);

/// The one way to pack a record, written from the description in docs/sdk.md.
fn pack(record: &Record<'_>) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let one = |value: &Value<'_>| match value {
        Value::Number(number) => number.to_le_bytes().to_vec(),
        Value::Integer(integer) => integer.to_le_bytes().to_vec(),
        Value::Boolean(boolean) => vec![u8::from(*boolean)],
        Value::Category(level) => text(level),
        Value::Text(written) => text(written),
        Value::Tensor(tensor) => tensor.bytes.to_vec(),
    };
    let values = record.values().iter();
    values.flat_map(|value| value.as_ref().map_or(vec![0], |value| [vec![1], one(value)].concat())).collect()
}

/// The packed bytes of one feature, honest or absent.
fn feature(kind: FeatureType, bytes: usize) -> BoxedStrategy<Vec<u8>> {
    let text = || ".{0,12}".prop_map(|text| [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat());
    let present = match kind {
        FeatureType::Number | FeatureType::Integer => prop::collection::vec(any::<u8>(), 8).boxed(),
        FeatureType::Boolean => (0..2_u8).prop_map(|byte| vec![byte]).boxed(),
        FeatureType::Category | FeatureType::Text => text().boxed(),
        FeatureType::Tensor => prop::collection::vec(any::<u8>(), bytes).boxed(),
    };
    prop_oneof![1 => Just(vec![0]), 4 => present.prop_map(|value| [vec![1], value].concat())].boxed()
}

/// A whole record, packed as it must be.
fn honest() -> BoxedStrategy<Vec<u8>> {
    let features = SCHEMA.feature.iter().map(|one| {
        let elements: usize = one.tensor_sizes().iter().product();
        feature(one.kind, elements * one.dtype.map_or(0, dunlin::DType::size_bytes))
    });
    features.collect::<Vec<_>>().prop_map(|features| features.concat()).boxed()
}

fn refused_or_whole(bytes: &[u8]) -> Result<(), TestCaseError> {
    match read_record(&SCHEMA, bytes) {
        // Compared as bytes: a NaN is not equal to itself.
        Ok(record) => prop_assert_eq!(pack(&record), bytes, "what was read is not what was there"),
        Err(error) => prop_assert!(matches!(error, DunlinError::InvalidArgument { .. }), "{error:?}"),
    }
    Ok(())
}

proptest! {
    #[test]
    fn an_honest_record_is_read_as_it_was_packed(bytes in honest()) {
        let record = read_record(&SCHEMA, &bytes);
        prop_assert_eq!(record.as_ref().map(pack), Ok(bytes.clone()));
    }

    #[test]
    fn any_bytes_are_refused_or_read_whole(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        refused_or_whole(&bytes)?;
    }

    #[test]
    fn a_record_with_bytes_changed_cut_off_or_added_is_refused_or_read_whole(
        mut bytes in honest(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        longer in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        refused_or_whole(&bytes[..cut.index(bytes.len())])?;
        bytes.extend(longer);
        refused_or_whole(&bytes)?;
    }
}

#[test]
fn a_length_that_no_memory_holds_is_refused() {
    let mut bytes = vec![0, 0, 0, 1];
    bytes.extend(u32::MAX.to_le_bytes());
    let refused = read_record(&SCHEMA, &bytes);
    assert!(matches!(&refused, Err(DunlinError::InvalidArgument { message }) if message.contains("'c' is cut off")));
}

#[test]
fn a_text_that_is_not_utf_8_is_refused_by_name() {
    let bytes = [0, 0, 0, 0, 1, 1, 0, 0, 0, 0xff];
    let refused = read_record(&SCHEMA, &bytes);
    assert!(matches!(&refused, Err(DunlinError::InvalidArgument { message }) if message.contains("'t' is not UTF-8")));
}
