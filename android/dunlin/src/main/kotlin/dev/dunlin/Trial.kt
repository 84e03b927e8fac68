// How a new version of a model is tried, how a trial stands, and who answers after a change by hand.
package dev.dunlin

/** What a trial asks of a new version; shares and margins are between 0 and 1. */
public data class TrialPolicy(
    /** Share of the records on which both versions run. */
    val shadowShare: Double? = null,
    /** CPU time that the second may take, as a share of what the first takes. */
    val shadowCpu: Double? = null,
    /** Share of the subjects for whom a candidate answers in canary. */
    val canaryShare: Double? = null,
    /** How often each decision on quality, abstentions or time may be false. */
    val alpha: Double? = null,
    /** How much worse a new version may be and still be kept, as a difference of accuracies. */
    val qualityMargin: Double? = null,
    /** How much more often it may abstain, take longer than its budget, or come out worse than the other. */
    val behaviourMargin: Double? = null,
    /** Records compared before each step to the next stage. */
    val minCompared: Long? = null,
    /** Records compared and labelled before quality is decided on. */
    val minLabelled: Long? = null,
    /** Answers with NaN or infinity, on records on which the other was finite, for which it is thrown out. */
    val maxNonFinite: Long? = null,
    /** Where nothing is ever labelled, share of the compared records on which both must agree to go on. */
    val minAgreement: Double? = null,
)

/** How a trial stands. */
public data class TrialReport(
    val modelId: String,
    /** Version of the proven bundle. */
    val incumbent: String,
    /** Version of the new one. */
    val challenger: String,
    /** How far the new one has come: `shadow`, `canary`, `probation`. */
    val stage: String,
    /** Since when, in microseconds since the Unix epoch. */
    val sinceUs: Long,
    /** What is to become of it, by what was counted so far: `wait`, `advance`, `throw_out`. */
    val verdict: String,
    /** Why, for programs. */
    val cause: String,
    /** The figures behind it, as a JSON object. */
    val figures: String,
)

/** Who answers after a change by hand: in sessions opened or renewed from now on. */
public data class Switch(
    val modelId: String,
    /** Version for people. */
    val version: String,
    /** Version for machines. */
    val sequence: Long,
)
