//! What a trial asks of a new bundle.

/// How a new bundle is tried beside the proven one. [`Config::trial`](crate::Config::trial) takes it.
///
/// ```
/// use dunlin::TrialPolicy;
///
/// // A device with few predictions and a label for each: compare on every one.
/// let policy = TrialPolicy { shadow_share: 1.0, shadow_cpu: 1.0, ..TrialPolicy::default() };
/// # assert!(policy.alpha == 0.05);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrialPolicy {
    /// Share of the records on which both run, in 0..=1; 0.1.
    pub shadow_share: f64,
    /// CPU time that the second may take, as a share of what the first takes; 0.12. Past it records are not compared.
    pub shadow_cpu: f64,
    /// Share of the subjects for whom a candidate answers in canary, in 0..=1; 0.1.
    pub canary_share: f64,
    /// How often each decision on quality, abstentions or time may be false, in 0..1; 0.05.
    pub alpha: f64,
    /// How much worse a new bundle may be and still be kept, as a difference of accuracies; 0.02.
    pub quality_margin: f64,
    /// How much more often it may abstain, or take longer than its budget, than the other on the same records, or come out
    /// worse on a record of its own; 0.1.
    pub behaviour_margin: f64,
    /// Records compared before each step to the next stage; 200.
    pub min_compared: u64,
    /// Records compared and labelled, or pairs of records compared apart, before quality is decided on; 50.
    pub min_labelled: u64,
    /// Answers with NaN or infinity, on records on which the other was finite, for which it is thrown out; 3.
    pub max_non_finite: u64,
    /// Where quality is not measured, share of the compared records on which both must agree to go on; 0.8.
    pub min_agreement: f64,
}

impl Default for TrialPolicy {
    fn default() -> Self {
        Self {
            // One record in ten costs a tenth of the CPU; the budget leaves room for a somewhat slower second.
            shadow_share: 0.1,
            shadow_cpu: 0.12,
            canary_share: 0.1,
            alpha: 0.05,
            // On 2,000 labels of which a tenth is compared, five points are found in most trials; two are let pass.
            quality_margin: 0.02,
            behaviour_margin: 0.1,
            min_compared: 200,
            min_labelled: 50,
            // One may be a cosmic ray; three on records that the other answered are not.
            max_non_finite: 3,
            min_agreement: 0.8,
        }
    }
}
