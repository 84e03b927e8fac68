//! A fallback request through the surface: asked, sent by the app, resolved; and taken after a packed answer.

use dunlin_uniffi::{Delivery, DunlinError, FallbackPolicy, Response, Session};

use crate::packed::{pack, predict};
use crate::sdk::{Sdk, case, record};

const UNSURE: &str = "every_is_unsure_near_one_half";

fn asking() -> (Sdk, Session) {
    let sdk = Sdk::with(|config| config.fallback = Some(FallbackPolicy::default()));
    sdk.install_all();
    let session = sdk.session("every");
    (sdk, session)
}

fn answered(id: i64, side: f64) -> Delivery {
    let id = dunlin::ids::PredictionId::from_i64(id).unwrap();
    let output = |name: &str, value: f64| serde_json::json!({"name": name, "datatype": "FP32", "shape": [1, 1], "data": [value]});
    let outputs = [output("sum", 3.5), output("side", side), output("inverse", 0.1)];
    let body = serde_json::json!({"model_name": "every", "id": id.to_string(), "outputs": outputs}).to_string();
    Delivery::Answered { response: Response { status: 200, retry_after: None, body: body.into_bytes() } }
}

#[test]
fn a_request_holds_what_may_leave_and_its_answer_is_taken_in_once() {
    let (_sdk, session) = asking();
    let prediction = session.predict(&record(case(UNSURE))).unwrap();
    let request = prediction.fallback.unwrap();
    assert_eq!((request.id(), request.model_id().as_str()), (prediction.id, "every"));
    assert_eq!(request.features(), ["n", "i", "b", "c", "f", "u", "h", "s", "w", "l", "m"], "the text stays here");
    assert_eq!((request.path().as_str(), request.deadline_ms()), ("/v2/models/every/infer", 5_000));
    let body: serde_json::Value = serde_json::from_slice(&request.body()).unwrap();
    assert_eq!(body["inputs"].as_array().map(Vec::len), Some(11));
    let resolved = session.resolve(&request, answered(prediction.id, 0.9)).unwrap();
    assert_eq!((resolved.id, resolved.class.unwrap().name.as_str()), (prediction.id, "yes"));
    let again = session.resolve(&request, answered(prediction.id, 0.9));
    assert!(matches!(again, Err(DunlinError::Fallback { .. })), "{again:?}");
}

#[test]
fn what_is_no_answer_is_told_and_the_device_keeps_its_own() {
    let (_sdk, session) = asking();
    let deliveries = [
        Delivery::Failed { reason: "no network".to_owned() },
        Delivery::Answered { response: Response { status: 503, retry_after: None, body: Vec::new() } },
    ];
    for delivery in deliveries {
        let request = session.predict(&record(case(UNSURE))).unwrap().fallback.unwrap();
        let refused = session.resolve(&request, delivery);
        assert!(matches!(refused, Err(DunlinError::Fallback { .. })), "{refused:?}");
    }
}

#[test]
fn the_request_of_a_packed_answer_is_taken_once() {
    let (_sdk, session) = asking();
    let features = session.features().unwrap();
    let answer = predict(&session, &pack(&features, case(UNSURE)).unwrap()).unwrap();
    let (id, has_fallback) = (i64::from_le_bytes(answer[..8].try_into().unwrap()), answer[11]);
    assert_eq!(has_fallback, 1);
    let request = session.take_fallback(id).unwrap().unwrap();
    assert_eq!(request.id(), id);
    assert!(session.take_fallback(id).unwrap().is_none());
    assert!(session.resolve(&request, answered(id, 0.1)).is_ok());
    let sure = predict(&session, &pack(&features, case("every_takes_each_type_of_feature")).unwrap()).unwrap();
    assert_eq!(sure[11], 0);
}
