//! How a new version of a model is tried beside the proven one, and how a trial stands.

/// What a trial asks of a new version.
#[derive(Clone, Copy, Debug, Default, PartialEq, uniffi::Record)]
pub struct TrialPolicy {
    /// Share of the records on which both run, in 0..=1.
    #[uniffi(default = None)]
    pub shadow_share: Option<f64>,
    /// CPU time that the second may take, as a share of what the first takes.
    #[uniffi(default = None)]
    pub shadow_cpu: Option<f64>,
    /// Share of the subjects for whom a candidate answers in canary, in 0..=1.
    #[uniffi(default = None)]
    pub canary_share: Option<f64>,
    /// How often each decision on quality, abstentions or time may be false, in 0..1.
    #[uniffi(default = None)]
    pub alpha: Option<f64>,
    /// How much worse a new version may be and still be kept, as a difference of accuracies.
    #[uniffi(default = None)]
    pub quality_margin: Option<f64>,
    /// How much more often it may abstain, take longer than its budget, or come out worse than the other.
    #[uniffi(default = None)]
    pub behaviour_margin: Option<f64>,
    /// Records compared before each step to the next stage.
    #[uniffi(default = None)]
    pub min_compared: Option<u64>,
    /// Records compared and labelled before quality is decided on.
    #[uniffi(default = None)]
    pub min_labelled: Option<u64>,
    /// Answers with NaN or infinity, on records on which the other was finite, for which it is thrown out.
    #[uniffi(default = None)]
    pub max_non_finite: Option<u64>,
    /// Where nothing is ever labelled, share of the compared records on which both must agree to go on.
    #[uniffi(default = None)]
    pub min_agreement: Option<f64>,
}

/// How a trial stands.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TrialReport {
    /// Name of the model.
    pub model_id: String,
    /// Version of the proven bundle.
    pub incumbent: String,
    /// Version of the new one.
    pub challenger: String,
    /// How far the new one has come: `shadow`, `canary`, `probation`.
    pub stage: String,
    /// Since when, in microseconds since the Unix epoch.
    pub since_us: i64,
    /// What is to become of it, by what was counted so far: `wait`, `advance`, `throw_out`.
    pub verdict: String,
    /// Why, for programs.
    pub cause: String,
    /// The figures behind it, as a JSON object.
    pub figures: String,
}

/// Who answers after a change by hand.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Switch {
    /// Name of the model.
    pub model_id: String,
    /// Version of the bundle that answers in sessions opened from now on.
    pub version: String,
    /// Its sequence.
    pub sequence: u64,
}

impl From<TrialPolicy> for dunlin::TrialPolicy {
    fn from(policy: TrialPolicy) -> Self {
        let usual = Self::default();
        Self {
            shadow_share: policy.shadow_share.unwrap_or(usual.shadow_share),
            shadow_cpu: policy.shadow_cpu.unwrap_or(usual.shadow_cpu),
            canary_share: policy.canary_share.unwrap_or(usual.canary_share),
            alpha: policy.alpha.unwrap_or(usual.alpha),
            quality_margin: policy.quality_margin.unwrap_or(usual.quality_margin),
            behaviour_margin: policy.behaviour_margin.unwrap_or(usual.behaviour_margin),
            min_compared: policy.min_compared.unwrap_or(usual.min_compared),
            min_labelled: policy.min_labelled.unwrap_or(usual.min_labelled),
            max_non_finite: policy.max_non_finite.unwrap_or(usual.max_non_finite),
            min_agreement: policy.min_agreement.unwrap_or(usual.min_agreement),
        }
    }
}

impl From<dunlin::TrialReport> for TrialReport {
    fn from(report: dunlin::TrialReport) -> Self {
        Self {
            model_id: report.model_id,
            incumbent: report.incumbent,
            challenger: report.challenger,
            stage: report.stage.to_owned(),
            since_us: report.since_us,
            verdict: report.verdict.to_owned(),
            cause: report.cause.to_owned(),
            figures: report.figures.to_string(),
        }
    }
}

impl From<dunlin::Switch> for Switch {
    fn from(switch: dunlin::Switch) -> Self {
        Self { model_id: switch.model_id, version: switch.version, sequence: switch.sequence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_of_a_policy_is_as_in_the_runtime() {
        assert_eq!(dunlin::TrialPolicy::from(TrialPolicy::default()), dunlin::TrialPolicy::default());
        let policy = TrialPolicy { shadow_share: Some(1.0), min_compared: Some(60), ..TrialPolicy::default() };
        let expected = dunlin::TrialPolicy { shadow_share: 1.0, min_compared: 60, ..dunlin::TrialPolicy::default() };
        assert_eq!(dunlin::TrialPolicy::from(policy), expected);
    }
}
