//! The cases through the runtime itself.

use std::collections::BTreeMap;

use dunlin::schema::Schema;
use dunlin::{
    Answer, Config, DType, FeatureError, InstallReport, PredictError, Record, Runtime, Session, SessionError,
    TensorValue, TrustedKeys, Value,
};
use serde_json::Value as Json;

use crate::all_pass;
use crate::cases::{Answered, Case, ExpectedError, ExpectedInstall, ExpectedReason, Install};
use crate::fixture::{FIXTURE, Folder};

#[test]
fn every_case_comes_out_as_it_was_worked_out() {
    let folder = Folder::new();
    let runtime = open(&folder);
    for (_, bundle) in FIXTURE.bundles() {
        runtime.install_shipped(&bundle).unwrap();
    }
    let mut sessions: BTreeMap<&str, Session> =
        FIXTURE.bundles().map(|(model, _)| (model, runtime.session(model).unwrap())).collect();
    let outcome = |case: &Case| case.failure(predict(sessions.get_mut(case.model.as_str()).unwrap(), case));
    all_pass(FIXTURE.cases.cases.iter().map(outcome), 40);
}

#[test]
fn every_installation_comes_out_as_it_must() {
    all_pass(FIXTURE.cases.installs.iter().map(outcome), 8);
}

fn open(folder: &Folder) -> Runtime {
    let mut keys = TrustedKeys::new();
    FIXTURE.keys().for_each(|(name, text)| keys.add(name, &text).unwrap());
    Runtime::open(Config::new(folder.path(), keys))
}

fn predict(session: &mut Session, case: &Case) -> Result<Answered, ExpectedError> {
    let record = record(session.schema(), case).map_err(|error| session.refuse(error));
    let answer = record.and_then(|record| session.predict(&record));
    answer.map(|answer| answered(&answer)).map_err(|error| refusal(&error))
}

fn record(schema: &Schema, case: &Case) -> Result<Record<'static>, FeatureError> {
    let mut record = match case.record_json() {
        Some(text) => Record::from_json_str(schema, &text)?,
        None => Record::empty(schema),
    };
    for (kind, name, value) in &case.build {
        record.set(schema, name, self::value(schema, kind, name, value))?;
    }
    Ok(record)
}

fn value(schema: &Schema, kind: &str, name: &str, value: &Json) -> Value<'static> {
    let text = || value.as_str().unwrap().to_owned().into();
    match kind {
        "number" => Value::Number(crate::cases::number(value)),
        "integer" => Value::Integer(value.as_i64().unwrap()),
        "boolean" => Value::Boolean(value.as_bool().unwrap()),
        "category" => Value::Category(text()),
        "text" => Value::Text(text()),
        "tensor" => Value::Tensor(tensor(schema, name, crate::cases::bytes(value))),
        other => panic!("{other} is no kind"),
    }
}

fn tensor(schema: &Schema, name: &str, bytes: Vec<u8>) -> TensorValue<'static> {
    let feature = schema.feature.iter().find(|feature| feature.name == name);
    let dtype = feature.and_then(|feature| feature.dtype).unwrap_or(DType::F32);
    let shape = feature.map(|feature| feature.tensor_sizes()).unwrap_or_default();
    TensorValue { dtype, shape: shape.into(), bytes: bytes.into() }
}

fn answered(answer: &Answer) -> Answered {
    let values = |output: &dunlin::OutputValue| {
        (output.name.to_string(), output.values.iter().map(|value| f64::from(*value)).collect())
    };
    let reasons = answer.verdict().reasons().iter();
    Answered {
        verdict: answer.verdict().code(),
        answered_by: match answer.answered_by.name() {
            "none" => "nobody".to_owned(),
            other => other.to_owned(),
        },
        class: answer.class().map(|class| (class.name.to_string(), class.probability)),
        confidence: answer.prediction.confidence,
        distance: answer.prediction.distance,
        values: answer.outputs.iter().flatten().map(values).collect(),
        reasons: reasons
            .map(|reason| ExpectedReason { code: reason.code().to_owned(), culprit: reason.culprit().to_owned() })
            .collect(),
    }
}

fn refusal(error: &PredictError) -> ExpectedError {
    let feature = error.feature().map(str::to_owned);
    ExpectedError { kind: "Record".to_owned(), code: Some(error.code().to_owned()), feature }
}

fn outcome(install: &Install) -> Option<String> {
    let folder = Folder::new();
    let runtime = open(&folder);
    for bundle in &install.before {
        runtime.install_shipped(&FIXTURE.path(bundle)).unwrap();
    }
    let bundle = FIXTURE.path(&install.bundle);
    let came = match install.source.as_str() {
        "shipped" => runtime.install_shipped(&bundle),
        _ => runtime.install(&bundle),
    };
    let refused = |error: dunlin::InstallError| ExpectedError {
        kind: "Refused".to_owned(),
        code: Some(error.code().to_owned()),
        feature: None,
    };
    let active = match runtime.session("tiny") {
        Ok(session) => Some(session.model_version().to_owned()),
        Err(SessionError::NotInstalled { .. }) => None,
        Err(error) => panic!("{error}"),
    };
    install.failure(&came.map(report).map_err(refused), active)
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
