//! The cases through the surface of the SDKs, and what it tells of a model.

use dunlin_uniffi::{
    AnsweredBy, DType, DunlinError, FeatureType, InstallReport, Output, OutputTask, Part, Prediction, Scalar, Verdict,
};

use crate::all_pass;
use crate::cases::{Answered, Case, ExpectedError, ExpectedInstall, ExpectedReason, Install};
use crate::fixture::FIXTURE;
use crate::sdk::{Sdk, good, kind, record};

#[test]
fn every_case_comes_out_as_it_was_worked_out() {
    let sdk = Sdk::ready();
    let outcome = |case: &Case| {
        let came = sdk.session(&case.model).predict(&record(case));
        case.failure(came.map(answered).map_err(|error| refusal(&error)))
    };
    all_pass(FIXTURE.cases.cases.iter().map(outcome), 40);
}

#[test]
fn every_installation_comes_out_as_it_must() {
    all_pass(FIXTURE.cases.installs.iter().map(outcome), 8);
}

#[test]
fn a_session_tells_what_its_model_takes_and_answers() {
    let sdk = Sdk::ready();
    let session = sdk.session("every");
    let features = session.features().unwrap();
    let kinds: Vec<FeatureType> = features.iter().take(6).map(|feature| feature.kind).collect();
    use FeatureType::{Boolean, Category, Integer, Number, Tensor, Text};
    assert_eq!(kinds, [Number, Integer, Boolean, Category, Text, Tensor]);
    let (n, i, c, t, f) = (&features[0], &features[1], &features[3], &features[4], &features[5]);
    assert_eq!((n.min, n.max, n.may_leave, n.required), (Some(-10.0), Some(10.0), true, true));
    assert_eq!((i.min_integer, i.max_integer), (Some(0), Some(100)));
    assert_eq!((c.levels.as_slice(), c.accepts_unseen), (&["red".to_owned(), "green".to_owned()][..], false));
    assert_eq!((t.max_bytes, t.required), (Some(8), false));
    assert_eq!((f.dtype, f.shape.as_slice()), (Some(DType::F32), &[2, 2][..]));
    let tensors: Vec<Option<DType>> = features[6..12].iter().map(|feature| feature.dtype).collect();
    assert_eq!(tensors, [DType::U8, DType::F16, DType::I8, DType::I32, DType::I64, DType::Bool].map(Some));
    let outputs = session.outputs().unwrap();
    let tasks: Vec<(&str, OutputTask)> = outputs.iter().map(|output| (output.name.as_str(), output.task)).collect();
    let (regression, binary) = (OutputTask::Regression, OutputTask::BinaryClassification);
    assert_eq!(tasks, [("sum", regression), ("side", binary), ("inverse", regression)]);
    assert_eq!((outputs[0].shape.as_slice(), outputs[0].unit.as_deref()), (&[1][..], Some("points")));
    assert_eq!(session.model_version().unwrap(), "1.0.0");
    assert!(!session.kernel_set().unwrap().is_empty());
}

#[test]
fn labels_outcomes_and_a_person_who_is_forgotten_reach_the_journal() {
    let sdk = Sdk::ready();
    let session = sdk.session("every");
    let id = session.predict_for("somebody".to_owned(), &good()).unwrap().id;
    sdk.runtime.label(id, Scalar::Text { value: "yes".to_owned() }).unwrap();
    sdk.runtime.outcome(id, "clicked".to_owned(), Scalar::Boolean { value: true }).unwrap();
    session.predict_for("somebody else".to_owned(), &good()).unwrap();
    sdk.runtime.flush().unwrap();
    let reader = dunlin::journal::Reader::open(sdk.folder.path()).unwrap();
    let row = reader.prediction(dunlin::ids::PredictionId::from_i64(id).unwrap()).unwrap().unwrap();
    assert_eq!(row.label, Some("yes".into()));
    assert_eq!(sdk.runtime.forget("somebody".to_owned()).unwrap(), 1);
    assert_eq!(sdk.runtime.forget("somebody".to_owned()).unwrap(), 0);
    let nan = sdk.runtime.label(id, Scalar::Number { value: f64::NAN });
    assert!(matches!(nan, Err(DunlinError::InvalidArgument { .. })), "{nan:?}");
    let nobody = sdk.runtime.label(-1, Scalar::Integer { value: 1 });
    assert!(matches!(nobody, Err(DunlinError::InvalidArgument { .. })), "{nobody:?}");
}

#[test]
fn a_folder_that_is_none_opens_all_the_same_answers_and_says_so() {
    let file = FIXTURE.path("cases.json");
    let sdk = Sdk::with(|config| config.folder = file.to_str().unwrap().to_owned());
    let bundle = FIXTURE.path("every-1.0.0.dunlin").to_str().unwrap().to_owned();
    let report = sdk.runtime.install_shipped(bundle).unwrap();
    assert_eq!(report.outcome, dunlin_uniffi::InstallOutcome::HeldInMemory);
    assert!(sdk.session("every").predict(&good()).is_ok());
    let health = sdk.runtime.health().unwrap();
    assert!(!health.ok && matches!(health.journal, Part::Degraded { .. }), "{health:?}");
    assert_eq!(health.models.len(), 1);
}

#[test]
fn a_text_that_is_no_key_is_refused_when_the_runtime_is_opened() {
    let folder = crate::fixture::Folder::new();
    let mut config = crate::sdk::config(&folder);
    config.keys[0].public_key = "no key".to_owned();
    let opened = dunlin_uniffi::Runtime::open(config);
    assert!(matches!(&opened, Err(DunlinError::InvalidArgument { message }) if message.contains("`trusted`")));
}

#[test]
fn a_model_that_is_not_installed_is_named() {
    let refused = Sdk::new().runtime.session("nothing".to_owned());
    assert!(matches!(refused.err(), Some(DunlinError::NotInstalled { model_id, .. }) if model_id == "nothing"));
}

fn outcome(install: &Install) -> Option<String> {
    let sdk = Sdk::new();
    let path = |bundle: &str| FIXTURE.path(bundle).to_str().unwrap().to_owned();
    for bundle in &install.before {
        sdk.runtime.install_shipped(path(bundle)).unwrap();
    }
    let came = match install.source.as_str() {
        "shipped" => sdk.runtime.install_shipped(path(&install.bundle)),
        _ => sdk.runtime.install(path(&install.bundle)),
    };
    let active = sdk.runtime.session("tiny".to_owned()).ok().map(|session| session.model_version().unwrap());
    install.failure(&came.map(report).map_err(|error| refusal(&error)), active)
}

fn report(report: InstallReport) -> ExpectedInstall {
    ExpectedInstall {
        outcome: format!("{:?}", report.outcome),
        model_id: report.model_id,
        version: report.version,
        sequence: report.sequence,
        signer: report.signer,
    }
}

fn answered(prediction: Prediction) -> Answered {
    let reasons = match &prediction.verdict {
        Verdict::Accept => &[][..],
        Verdict::Abstain { reasons } => reasons,
    };
    Answered {
        verdict: if prediction.verdict == Verdict::Accept { "accept" } else { "abstain" },
        answered_by: answered_by(prediction.answered_by).to_owned(),
        class: prediction.class.map(|class| (class.name, class.probability)),
        confidence: prediction.confidence,
        distance: prediction.distance,
        values: prediction.outputs.iter().map(|output| (output.name.clone(), values(output))).collect(),
        reasons: reasons
            .iter()
            .map(|reason| ExpectedReason { code: reason.code.clone(), culprit: reason.culprit.clone() })
            .collect(),
    }
}

pub(crate) fn answered_by(by: AnsweredBy) -> &'static str {
    match by {
        AnsweredBy::Model => "model",
        AnsweredBy::Baseline => "baseline",
        AnsweredBy::Cloud => "cloud",
        AnsweredBy::Nobody => "nobody",
        AnsweredBy::Previous => "previous",
        AnsweredBy::Cache => "cache",
    }
}

fn values(output: &Output) -> Vec<f64> {
    let (elements, rest) = output.values.as_chunks::<4>();
    assert!(rest.is_empty() && elements.len() == output.count as usize);
    elements.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect()
}

pub(crate) fn refusal(error: &DunlinError) -> ExpectedError {
    ExpectedError {
        kind: kind(error),
        code: error.code().map(str::to_owned),
        feature: error.feature().map(str::to_owned),
    }
}
