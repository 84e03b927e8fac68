// An answer.
package dev.dunlin

import dev.dunlin.internal.uniffi.FallbackRequest as GivenRequest

/** A prediction on the record. */
public class Prediction internal constructor(
    /** Names the prediction for ever; labels and outcomes refer to it. */
    public val id: Long,
    /** What to use: the outputs of whoever answered; empty when nobody did. */
    public val outputs: List<Output>,
    /** Who answered. */
    public val answeredBy: AnsweredBy,
    /** Whether the model's own answer may be used. */
    public val verdict: Verdict,
    /** How sure the answer is of its class, 0..1. */
    public val confidence: Double?,
    /** How far the input lies from the training sample, in robust standard deviations. */
    public val distance: Double?,
    /** Time from record to answer, in microseconds. */
    public val latencyUs: Long,
    /** The model is older than its bundle says it should be. */
    public val stale: Boolean,
    request: GivenRequest?,
    /** Why the answer from elsewhere was none, where one was asked for; the device's own answer stands. */
    public val fallbackError: DunlinException? = null,
) {
    /** The class answered: that of the first output that has one. */
    public val chosenClass: ChosenClass? = outputs.firstNotNullOfOrNull(Output::chosenClass)

    /** A request to a larger model elsewhere that nobody has sent: [Session.awaitPrediction] sends it where there is a transport. */
    public val fallback: FallbackRequest? = request?.let(::FallbackRequest)

    /** The output of a name, or null. */
    public fun output(name: String): Output? = outputs.find { it.name == name }

    override fun toString(): String =
        "Prediction(id=$id, chosenClass=$chosenClass, answeredBy=$answeredBy, verdict=$verdict, confidence=$confidence)"
}

/** One output's values: [values] are its elements, row-major. */
public class Output internal constructor(
    public val name: String,
    public val values: FloatArray,
    public val chosenClass: ChosenClass?,
) {
    override fun toString(): String = "Output(name=$name, values=${values.size}, chosenClass=$chosenClass)"
}

/** The class that a classification chose, with its position among the classes and its probability, 0..1. */
public data class ChosenClass(val index: Int, val name: String, val probability: Double)

/** Who answered a record. */
public enum class AnsweredBy {
    /** The active model, whose guard accepted. */
    MODEL,

    /** The bundle's baseline, because the model abstained. */
    BASELINE,

    /** A larger model elsewhere. */
    CLOUD,

    /** Nobody: there is no answer that could be trusted. */
    NOBODY,

    /** The version before the active one, because the active one abstained. */
    PREVIOUS,

    /** The active model, some time ago: the answer was computed in advance. */
    CACHE,
}

/** Whether the model's answer may be used. */
public sealed interface Verdict {
    /** Nothing speaks against it. */
    public object Accept : Verdict {
        override fun toString(): String = "Accept"
    }

    /** It should not be used, and why. */
    public data class Abstain(val reasons: List<Reason>) : Verdict
}

/**
 * Why the guard abstained: [code] is `non_finite`, `out_of_range`, `low_confidence` or `far_from_reference`, [culprit] the output
 * or value at fault, [message] the same in a sentence.
 */
public data class Reason(val code: String, val culprit: String, val message: String)
