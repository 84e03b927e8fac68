//! What the app itself asks of a bundle, besides what every bundle must be.

use dunlin_bundle::compat::Finding;
use serde::{Deserialize, Serialize};

/// The app's policy on bundles. The default admits every bundle that can be verified.
///
/// It is asked when a bundle is installed, shipped ones included; what was installed before stays. Whatever it says, a bundle
/// from outside must also be one that the app can use in place of the active one ([`AdmissionError::Incompatible`]). One that
/// the app ships need not: both come with the same update.
///
/// ```
/// use dunlin::Admission;
///
/// let policy: Admission = serde_json::from_str(
///     r#"{"banned_features": ["postcode"], "banned_purposes": ["advertising"], "required_provenance": ["reviewer"],
///         "licenses": ["MIT", "Apache-2.0"], "max_memory_bytes": 50000000}"#,
/// )?;
/// assert_eq!(policy.banned_features, ["postcode"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admission {
    /// Names of features that no model may ask for, in any case of letters.
    pub banned_features: Vec<String>,
    /// Purposes that no feature may have in the schema (`purpose`), in any case of letters. A feature need not state one.
    pub banned_purposes: Vec<String>,
    /// What the provenance must state. Signing with `dunlin sign` asks for all but the tuner's trial; other tools may not.
    pub required_provenance: Vec<ProvenanceField>,
    /// SPDX identifiers of the licences allowed, in any case of letters; absent: any, and none. Of an expression `A OR B` one
    /// side must be allowed, of `A AND B` both; `A WITH B` must be listed so.
    pub licenses: Option<Vec<String>>,
    /// Most memory that model and baseline may take for one session, in bytes: weights as they lie in the bundle, those packed for the
    /// kernels, and the arena of a single record; absent: any.
    pub max_memory_bytes: Option<u64>,
}

/// A field of the manifest's provenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProvenanceField {
    /// Commit of the training code.
    Commit,
    /// SHA-256 of the training data.
    DataSha256,
    /// The hyper-parameter trial that made it.
    TunerTrial,
    /// Who let it go.
    Reviewer,
}

impl ProvenanceField {
    /// Its name in the manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::DataSha256 => "data_sha256",
            Self::TunerTrial => "tuner_trial",
            Self::Reviewer => "reviewer",
        }
    }
}

/// A sound bundle that this app does not admit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// The model asks for what the app bans.
    #[error("the app bans feature '{feature}'; train the model without it, or change the app's policy")]
    BannedFeature {
        /// The feature.
        feature: String,
    },
    /// A feature is asked for with a purpose that the app bans.
    #[error(
        "feature '{feature}' is for '{purpose}', a purpose that the app bans; train without it, or change the app's policy"
    )]
    BannedPurpose {
        /// The feature.
        feature: String,
        /// The purpose.
        purpose: String,
    },
    /// The provenance lacks what the app wants to know.
    #[error("the provenance has no {field}, which the app wants; sign the bundle anew with it", field = field.name())]
    MissingProvenance {
        /// The field.
        field: ProvenanceField,
    },
    /// The licence is none that the app may use.
    #[error(
        "the app does not allow licence {license}; get the model under one of {allowed}, or change the app's policy"
    )]
    License {
        /// What the manifest states, or that it states none.
        license: String,
        /// Those allowed.
        allowed: String,
    },
    /// The model takes more memory than the app gives it.
    #[error("the model takes {needed_bytes} bytes of memory, the app allows {allowed_bytes}; quantise or shrink it")]
    Memory {
        /// What it takes, or what its weights alone take where that is too much already.
        needed_bytes: u64,
        /// What is allowed.
        allowed_bytes: u64,
    },
    /// The app was made for the active bundle, and could not use this one in its place.
    #[error("{subject} does not suit an app made for the active bundle: {what}; {remedy}", subject = finding.subject,
            what = finding.what, remedy = finding.remedy)]
    Incompatible {
        /// The first thing that does not suit; `dunlin compat` lists all.
        finding: Box<Finding>,
    },
}

impl AdmissionError {
    /// A short name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BannedFeature { .. } => "banned_feature",
            Self::BannedPurpose { .. } => "banned_purpose",
            Self::MissingProvenance { .. } => "missing_provenance",
            Self::License { .. } => "license_not_allowed",
            Self::Memory { .. } => "too_much_memory",
            Self::Incompatible { .. } => "incompatible_schema",
        }
    }
}
