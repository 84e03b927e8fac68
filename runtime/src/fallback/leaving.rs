//! What of a record may leave, and how it is written in the protocol.

use dunlin_bundle::schema::Schema;
use dunlin_bundle::tensor::DType;
use dunlin_features::{Record, TensorValue, Value};
use dunlin_wire::inference::InferTensor;
use serde_json::Value as Json;

use super::rules::FallbackPolicy;

/// Which features of a schema leave under a policy; found out once a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaving {
    /// Positions in a record; `None` when a feature that every record must hold stays here, so that no request can be
    /// answered.
    positions: Option<Vec<usize>>,
}

impl Leaving {
    pub(crate) fn new(schema: &Schema, policy: &FallbackPolicy) -> Self {
        let stays = |feature| !policy.lets_leave(feature);
        if schema.feature.iter().any(|feature| stays(feature) && feature.is_required()) {
            return Self { positions: None };
        }
        let leaving = schema.feature.iter().enumerate().filter(|(_, feature)| policy.lets_leave(feature));
        Self { positions: Some(leaving.map(|(at, _)| at).collect()) }
    }

    /// The values of a record that leave, by name; `None` when they do not make a request.
    pub(super) fn values(&self, schema: &Schema, record: &Record<'_>) -> Option<Vec<(String, Value<'static>)>> {
        let held = |at: &usize| {
            let value = record.values().get(*at)?.clone()?;
            Some((schema.feature.get(*at)?.name.clone(), value.into_owned()))
        };
        let values: Vec<_> = self.positions.as_ref()?.iter().filter_map(held).collect();
        (!values.is_empty()).then_some(values)
    }
}

/// One feature as the protocol writes it, in a batch of one.
pub(super) fn tensor(name: &str, value: &Value<'_>) -> InferTensor {
    let scalar = |datatype: &str, value: Json| (datatype.to_owned(), vec![1], vec![value]);
    let (datatype, shape, data) = match value {
        Value::Number(number) => scalar("FP64", Json::from(*number)),
        Value::Integer(integer) => scalar("INT64", Json::from(*integer)),
        Value::Boolean(value) => scalar("BOOL", Json::from(*value)),
        Value::Category(text) | Value::Text(text) => scalar("BYTES", Json::from(text.as_ref())),
        Value::Tensor(tensor) => {
            let shape = std::iter::once(1).chain(tensor.shape.iter().copied()).collect();
            (datatype(tensor.dtype).to_owned(), shape, elements(tensor))
        }
    };
    InferTensor { name: name.to_owned(), shape, datatype, data }
}

fn datatype(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "FP32",
        DType::F16 => "FP16",
        DType::I8 => "INT8",
        DType::U8 => "UINT8",
        DType::I32 => "INT32",
        DType::I64 => "INT64",
        DType::Bool => "BOOL",
    }
}

/// The elements, row-major, each exactly as it is.
fn elements(tensor: &TensorValue<'_>) -> Vec<Json> {
    match tensor.dtype {
        DType::F32 | DType::F16 => tensor.elements().map(Json::from).collect(),
        DType::Bool => tensor.elements().map(|element| Json::from(element != 0.0)).collect(),
        DType::I8 | DType::U8 | DType::I32 => tensor.elements().map(|element| Json::from(element as i64)).collect(),
        // An f64 does not hold every one of these.
        DType::I64 => {
            tensor.bytes.as_chunks::<8>().0.iter().map(|bytes| Json::from(i64::from_le_bytes(*bytes))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Schema {
        serde_json::from_value(json!({"output": [], "feature": [
            {"name": "n", "type": "NUMBER", "may_leave": true},
            {"name": "c", "type": "CATEGORY", "may_leave": true, "string_domain": {"value": ["a"]},
                "missing": {"policy": "impute", "value": "a"}},
            {"name": "t", "type": "TEXT", "missing": {"policy": "impute", "value": ""}},
        ]}))
        .unwrap()
    }

    fn record(text: Option<&'static str>) -> Record<'static> {
        Record::new(vec![Some(1.5.into()), text.map(|c| Value::Category(c.into())), Some(Value::Text("secret".into()))])
    }

    fn names(leaving: &Leaving, record: &Record<'_>) -> Option<Vec<String>> {
        let values = leaving.values(&schema(), record)?;
        Some(values.into_iter().map(|(name, _)| name).collect())
    }

    #[test]
    fn what_stays_here_and_what_the_record_lacks_is_left_out() {
        let leaving = Leaving::new(&schema(), &FallbackPolicy::default());
        assert_eq!(names(&leaving, &record(Some("a"))), Some(vec!["n".to_owned(), "c".to_owned()]));
        assert_eq!(names(&leaving, &record(None)), Some(vec!["n".to_owned()]));
    }

    #[test]
    fn nothing_leaves_where_a_required_feature_stays_or_nothing_is_left() {
        let only =
            |name: &str| FallbackPolicy { features: Some([name.to_owned()].into()), ..FallbackPolicy::default() };
        assert_eq!(names(&Leaving::new(&schema(), &only("c")), &record(Some("a"))), None, "n is required");
        let mut optional = schema();
        optional.feature.remove(0);
        let leaving = Leaving::new(&optional, &FallbackPolicy::default());
        assert_eq!(leaving.values(&optional, &Record::new(vec![None, Some(Value::Text("secret".into()))])), None);
    }

    #[test]
    fn every_type_is_written_exactly() {
        let written = |value: Value<'_>| {
            let InferTensor { shape, datatype, data, .. } = tensor("x", &value);
            json!([datatype, shape, data])
        };
        assert_eq!(written(0.1.into()), json!(["FP64", [1], [0.1]]));
        assert_eq!(written(i64::MAX.into()), json!(["INT64", [1], [i64::MAX]]));
        assert_eq!(written(true.into()), json!(["BOOL", [1], [true]]));
        assert_eq!(written(Value::Category("é".into())), json!(["BYTES", [1], ["é"]]));
        let of = |dtype, bytes: Vec<u8>, shape: Vec<usize>| {
            written(TensorValue { dtype, shape: shape.into(), bytes: bytes.into() }.into())
        };
        let floats: Vec<u8> = [0.1_f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(of(DType::F32, floats, vec![1, 2]), json!(["FP32", [1, 1, 2], [f64::from(0.1_f32), -2.0]]));
        assert_eq!(of(DType::F16, vec![0, 0x3c], vec![1]), json!(["FP16", [1, 1], [1.0]]));
        assert_eq!(of(DType::I8, vec![0xff], vec![1]), json!(["INT8", [1, 1], [-1]]));
        assert_eq!(of(DType::U8, vec![0xff], vec![1]), json!(["UINT8", [1, 1], [255]]));
        assert_eq!(of(DType::I32, vec![1, 0, 0, 0x80], vec![1]), json!(["INT32", [1, 1], [-2_147_483_647]]));
        let large = 9_007_199_254_740_993_i64;
        assert_eq!(of(DType::I64, large.to_le_bytes().into(), vec![1]), json!(["INT64", [1, 1], [large]]));
        assert_eq!(of(DType::Bool, vec![0, 1], vec![2]), json!(["BOOL", [1, 2], [false, true]]));
    }
}
