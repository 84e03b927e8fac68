//! Every error of the runtime becomes exactly one of the SDKs' errors, and none loses its message, its code or its culprit.

use std::time::Duration;

use dunlin::fallback::FallbackError;
use dunlin::ids::{Epoch, IdError, PredictionId};
use dunlin::journal::LabelError;
use dunlin::outbox::TransportError;
use dunlin::schema::FeatureType;
use dunlin::store::{self, StorageProblem, StorageProblemKind};
use dunlin::{
    BundleError, DType, FeatureError, InstallError, KeyError, LoadError, PredictError, Reason, SessionError,
    SwitchError, UpdateError,
};
use dunlin_engine::EngineError;
use dunlin_features::TransformError;
use dunlin_predictor::GoldenError;
use dunlin_uniffi::DunlinError;
use proptest::prelude::*;

use crate::sdk::kind;

/// An error's kind, code, culprit and message.
type Told = (String, Option<String>, Option<String>, String);

fn told(error: impl Into<DunlinError>) -> Told {
    let error = error.into();
    (kind(&error), error.code().map(str::to_owned), error.feature().map(str::to_owned), error.to_string())
}

fn expected(kind: &str, code: Option<&str>, feature: Option<&str>, message: impl ToString) -> Told {
    (kind.to_owned(), code.map(str::to_owned), feature.map(str::to_owned), message.to_string())
}

fn refusals(name: &str, n: usize) -> Vec<FeatureError> {
    let feature = || name.to_owned();
    vec![
        FeatureError::NotAnObject { reason: feature() },
        FeatureError::Unknown { feature: feature() },
        FeatureError::WrongLength { expected: n, found: n },
        FeatureError::Missing { feature: feature() },
        FeatureError::WrongType { feature: feature(), expected: FeatureType::Text, found: "number" },
        FeatureError::NonFinite { feature: feature() },
        FeatureError::OutOfDomain { feature: feature(), domain: feature() },
        FeatureError::UnseenLevel { feature: feature() },
        FeatureError::WrongShape { feature: feature(), expected: vec![n], found: vec![] },
        FeatureError::WrongElements {
            feature: feature(),
            expected: DType::F32,
            expected_bytes: n,
            found: DType::U8,
            found_bytes: n,
        },
    ]
}

fn engine_errors(name: &str, n: usize) -> Vec<EngineError> {
    let (node, n64) = (|| name.to_owned(), n as u64);
    vec![
        EngineError::UnsupportedOp { node: node(), op: node() },
        EngineError::BadNode { node: node(), op: node(), reason: node() },
        EngineError::TooMuchMemory { node: node(), bytes: n64, limit: n64 },
        EngineError::FixedBatch { expected: n, found: n },
        EngineError::InputCount { expected: n, found: n },
    ]
}

fn problems(name: &str, n: usize) -> Vec<StorageProblem> {
    let detail = || name.to_owned();
    let kinds = [
        StorageProblemKind::InUse,
        StorageProblemKind::NotAFolder,
        StorageProblemKind::NotWritable,
        StorageProblemKind::DiskFull,
        StorageProblemKind::Corrupt { detail: detail() },
        StorageProblemKind::Foreign { application_id: n as i32 },
        StorageProblemKind::Newer { found: n as i64, known: 1 },
        StorageProblemKind::Io { detail: detail() },
    ];
    kinds.map(|kind| StorageProblem { path: name.into(), kind }).into()
}

fn bundle_errors(name: &str, n: usize) -> Vec<BundleError> {
    let entry = || name.to_owned();
    vec![
        BundleError::Io { source: std::io::Error::other(name.to_owned()) },
        BundleError::TooSmall { length: n as u64 },
        BundleError::NotABundle,
        BundleError::Unsigned,
        BundleError::UnknownSigner { trusted: n },
        BundleError::WrongSignature { key: entry() },
        BundleError::UnknownRequirement { requirement: entry() },
        BundleError::Hash { entry: entry() },
        BundleError::Invalid { entry: entry(), at: entry(), problem: entry() },
    ]
}

fn installs(name: &str, n: usize) -> Vec<InstallError> {
    let golden = GoldenError::NonFinite { case: n, kernels: name.to_owned() };
    let (model_id, offered) = (name.to_owned(), n as u64);
    let too_large = store::InstallError::SequenceTooLarge { model_id: model_id.clone(), offered };
    let thrown_out = store::InstallError::ThrownOut {
        model_id: model_id.clone(),
        offered,
        version: name.to_owned(),
        sequence: offered,
        cause: name.to_owned(),
    };
    let older = store::InstallError::Older { model_id, offered, highest: offered };
    let mut all = vec![
        InstallError::Unreadable { path: name.into(), source: std::io::Error::other(name.to_owned()) },
        InstallError::Load(LoadError::UnknownScalar { scalar: name.to_owned() }),
        InstallError::Golden(golden),
        InstallError::Registry(older),
        InstallError::Registry(too_large),
        InstallError::Registry(thrown_out),
    ];
    all.extend(bundle_errors(name, n).into_iter().map(InstallError::Bundle));
    all
}

fn fallbacks(name: &str, n: usize) -> Vec<FallbackError> {
    let (output, id) = (|| name.to_owned(), PredictionId::new(Epoch::counted(1).unwrap(), n as u32));
    let time = Duration::from_millis(n as u64);
    vec![
        FallbackError::NotWaiting { id },
        FallbackError::TooLate { after: time, deadline: time },
        FallbackError::NoAnswer(TransportError::new(name)),
        FallbackError::Unwelcome { status: 401 },
        FallbackError::Status { status: n as u16 },
        FallbackError::TooLong { found_bytes: n, max_bytes: n },
        FallbackError::NotTheProtocol,
        FallbackError::OtherId { expected: id },
        FallbackError::MissingOutput { output: output() },
        FallbackError::RepeatedOutput { output: output() },
        FallbackError::WrongLength { output: output(), expected: n, found: n },
        FallbackError::NotNumbers { output: output() },
        FallbackError::NotProbabilities { output: output() },
        FallbackError::NotAccepted { reasons: vec![Reason::NonFinite { output: name.into() }] },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_the_schema_refuses_is_the_records_fault_with_code_and_feature(name in ".{0,20}", n in 0..1_000_000_usize) {
        for error in refusals(&name, n) {
            let expected = expected("Record", Some(error.code()), error.feature(), &error);
            prop_assert_eq!(&told(error.clone()), &expected);
            prop_assert_eq!(told(PredictError::from(error)), expected);
        }
    }

    #[test]
    fn what_the_engine_or_a_transform_cannot_do_is_the_models_fault(name in ".{0,20}", n in 0..1_000_000_usize) {
        for error in engine_errors(&name, n) {
            let error = PredictError::from(error);
            let expected = expected("Model", Some(error.code()), None, &error);
            prop_assert_eq!(told(error), expected);
        }
        let of_a_feature = PredictError::from(TransformError::NonFinite { feature: name.clone() });
        let message = of_a_feature.to_string();
        prop_assert_eq!(told(of_a_feature), expected("Record", Some("transform"), Some(&name), message));
        let of_nothing = PredictError::from(TransformError::UnknownTransform { feature: name.clone(), op: name });
        let message = of_nothing.to_string();
        prop_assert_eq!(told(of_nothing), expected("Model", Some("transform"), None, message));
    }

    #[test]
    fn what_a_bundle_lacks_refuses_it_and_what_the_disk_lacks_does_not(name in ".{0,20}", n in 1..1_000_000_usize) {
        for error in installs(&name, n) {
            let expected = expected("Refused", Some(error.code()), None, &error);
            prop_assert_eq!(told(error), expected);
        }
        for problem in problems(&name, n) {
            let expected = expected("Storage", None, None, format!("{problem}; {}", problem.remedy()));
            prop_assert_eq!(&told(problem.clone()), &expected);
            prop_assert_eq!(&told(InstallError::from(problem.clone())), &expected);
            prop_assert_eq!(told(dunlin::CloseError::from(problem)), expected);
        }
    }

    #[test]
    fn a_session_that_cannot_be_opened_says_whether_the_model_or_the_disk_is_at_fault(
        name in ".{0,20}", n in 1..1_000_000_usize,
    ) {
        let error = SessionError::NotInstalled { model_id: name.clone() };
        let message = error.to_string();
        prop_assert_eq!(DunlinError::from(error), DunlinError::NotInstalled { model_id: name.clone(), message });
        for cause in bundle_errors(&name, n) {
            let code = cause.code();
            let error = SessionError::from(cause);
            let expected = expected("Model", Some(code), None, &error);
            prop_assert_eq!(told(error), expected);
        }
        let error = SessionError::from(LoadError::UnknownScalar { scalar: name.clone() });
        let message = error.to_string();
        prop_assert_eq!(told(error), expected("Model", Some("cannot_load"), None, message));
        for source in refusals(&name, n) {
            let error = SessionError::OtherRecords { version: name.clone(), source };
            let message = error.to_string();
            prop_assert_eq!(told(error), expected("Model", Some("other_records"), None, message));
        }
        let (model_id, version) = (name.clone(), name.clone());
        let error = SessionError::KeepsFailing { model_id, version, starts: n as u32 };
        let message = error.to_string();
        prop_assert_eq!(told(error), expected("Model", Some("keeps_failing"), None, message));
        for problem in problems(&name, n) {
            let error = SessionError::from(problem);
            let message = error.to_string();
            prop_assert_eq!(told(error), expected("Storage", None, None, message));
        }
    }

    #[test]
    fn a_change_by_hand_that_cannot_be_is_refused_by_its_code(model_id in ".{0,20}", n in 0..1_000_000_usize) {
        let (candidate, previous) = (model_id.clone(), model_id.clone());
        let none = SwitchError::NoCandidate { model_id: candidate };
        prop_assert_eq!(told(none.clone()), expected("Refused", Some("no_candidate"), None, none));
        let none = SwitchError::NoPrevious { model_id: previous };
        prop_assert_eq!(told(none.clone()), expected("Refused", Some("no_previous"), None, none));
        for problem in problems(&model_id, n) {
            let expected = expected("Storage", None, None, format!("{problem}; {}", problem.remedy()));
            prop_assert_eq!(told(SwitchError::from(problem)), expected);
        }
    }

    #[test]
    fn what_stands_between_a_device_and_its_channel_is_told_by_its_code(path in ".{0,20}", status in 300..600_u16) {
        let reason = path.clone();
        let unanswered = UpdateError::NoAnswer { path: path.clone(), reason };
        prop_assert_eq!(told(unanswered.clone()), expected("Update", Some("no_answer"), None, unanswered));
        let refused = UpdateError::Status { path: path.clone(), status, retry_after: None };
        prop_assert_eq!(told(refused.clone()), expected("Update", Some("status"), None, refused));
        for (error, kind) in [(UpdateError::NotConfigured, "InvalidArgument"), (UpdateError::Busy, "Busy")] {
            prop_assert_eq!(told(error.clone()), expected(kind, None, None, error));
        }
        for problem in problems(&path, usize::from(status)) {
            let expected = expected("Storage", None, None, format!("{problem}; {}", problem.remedy()));
            prop_assert_eq!(told(UpdateError::from(problem)), expected);
        }
    }

    #[test]
    fn what_the_caller_gave_wrongly_is_an_invalid_argument(name in ".{0,20}", n in 0..1_000_000_usize) {
        let id = PredictionId::new(Epoch::counted(1).unwrap(), n as u32);
        let long = LabelError::TooLong { name: name.clone(), found_bytes: n, max_bytes: n };
        for error in [LabelError::UnknownPrediction { id }, LabelError::NotFinite { name: name.clone() }, long] {
            prop_assert_eq!(told(error.clone()), expected("InvalidArgument", None, None, error));
        }
        for error in [IdError::NotAnId, IdError::NoSuchNumber { number: n as i64 }] {
            prop_assert_eq!(told(error.clone()), expected("InvalidArgument", None, None, error));
        }
        let taken = KeyError::NameTaken { name: name.clone() };
        for error in [KeyError::NotAKey { name: name.clone() }, KeyError::SecretKey { name }, taken] {
            prop_assert_eq!(told(error.clone()), expected("InvalidArgument", None, None, error));
        }
    }

    #[test]
    fn what_is_no_answer_of_the_cloud_is_the_fallbacks_fault(name in ".{0,20}", n in 0..60_000_usize) {
        for error in fallbacks(&name, n) {
            prop_assert_eq!(told(error.clone()), expected("Fallback", None, None, error));
        }
    }
}

#[test]
fn each_kind_has_a_number_of_its_own_that_never_changes() {
    let (code, message, model_id) = (String::new, String::new, String::new());
    let all = [
        DunlinError::Record { code: code(), feature: None, message: message() },
        DunlinError::Refused { code: code(), message: message() },
        DunlinError::NotInstalled { model_id, message: message() },
        DunlinError::Model { code: code(), message: message() },
        DunlinError::Storage { message: message() },
        DunlinError::Fallback { message: message() },
        DunlinError::Closed { message: message() },
        DunlinError::InvalidArgument { message: message() },
        DunlinError::Busy { message: message() },
        DunlinError::Internal { message: message() },
        DunlinError::Update { code: code(), message: message() },
    ];
    assert_eq!(all.map(|error| error.kind()), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]);
}
