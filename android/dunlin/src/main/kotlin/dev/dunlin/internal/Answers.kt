// Makes predictions of what the native library answers, packed or generated.
package dev.dunlin.internal

import dev.dunlin.AnsweredBy
import dev.dunlin.ChosenClass
import dev.dunlin.DunlinException
import dev.dunlin.Output
import dev.dunlin.Prediction
import dev.dunlin.Reason
import dev.dunlin.Verdict
import dev.dunlin.internal.uniffi.FallbackRequest
import dev.dunlin.internal.uniffi.OutputInfo
import dev.dunlin.internal.uniffi.Resolved
import java.nio.ByteBuffer
import java.nio.ByteOrder
import dev.dunlin.internal.uniffi.ChosenClass as GivenClass
import dev.dunlin.internal.uniffi.Output as GivenOutput
import dev.dunlin.internal.uniffi.Prediction as GivenPrediction
import dev.dunlin.internal.uniffi.Verdict as GivenVerdict

/** Reads packed answers of a session with these outputs. */
internal class AnswerReader(private val outputs: List<OutputInfo>) {
    /** Reads the answer at the start of a little-endian buffer; `take` fetches the fallback request that it speaks of. */
    fun read(answer: ByteBuffer, take: (Long) -> FallbackRequest?): Prediction {
        answer.position(0)
        val id = answer.getLong()
        val abstains = answer.get().toInt() == 1
        val answeredBy = BY[answer.get().toInt()]
        val stale = answer.get().toInt() == 1
        val asks = answer.get().toInt() == 1
        val latencyUs = answer.getInt().toLong() and 0xffff_ffffL
        val confidence = answer.getDouble().orNull()
        val distance = answer.getDouble().orNull()
        val found = (0 until answer.getInt()).mapNotNull { index -> output(answer, outputs[index]) }
        val reasons = List(answer.getInt()) { Reason(text(answer), text(answer), text(answer)) }
        val verdict = if (abstains) Verdict.Abstain(reasons) else Verdict.Accept
        val request = if (asks) take(id) else null
        return Prediction(id, found, answeredBy, verdict, confidence, distance, latencyUs, stale, request)
    }

    private fun output(answer: ByteBuffer, info: OutputInfo): Output? {
        val values = FloatArray(answer.getInt())
        val index = answer.getInt()
        val probability = answer.getDouble()
        answer.asFloatBuffer().get(values)
        answer.position(answer.position() + values.size * Float.SIZE_BYTES)
        if (values.isEmpty()) return null
        val name = info.classes.getOrNull(index) ?: index.toString()
        val chosen = if (index < 0) null else ChosenClass(index, name, probability)
        return Output(info.name, values, chosen)
    }

    private fun text(answer: ByteBuffer): String {
        val bytes = ByteArray(answer.getInt())
        answer.get(bytes)
        return String(bytes, Charsets.UTF_8)
    }

    private fun Double.orNull(): Double? = takeUnless(Double::isNaN)

    private companion object {
        val BY = AnsweredBy.entries.toTypedArray()
    }
}

internal fun predictionOf(given: GivenPrediction): Prediction =
    Prediction(
        given.id,
        given.outputs.map(::outputOf),
        AnsweredBy.valueOf(given.answeredBy.name),
        verdictOf(given.verdict),
        given.confidence,
        given.distance,
        given.latencyUs.toLong(),
        given.stale,
        given.fallback,
    )

/** The same prediction, answered by the cloud; the verdict stays the model's. */
internal fun Prediction.answeredBy(resolved: Resolved): Prediction =
    Prediction(
        id,
        resolved.outputs.map(::outputOf),
        AnsweredBy.CLOUD,
        verdict,
        resolved.confidence,
        distance,
        latencyUs,
        stale,
        null,
    )

/** The same prediction, whose request was answered by nobody. */
internal fun Prediction.unanswered(why: DunlinException): Prediction =
    Prediction(id, outputs, answeredBy, verdict, confidence, distance, latencyUs, stale, null, why)

private fun verdictOf(given: GivenVerdict): Verdict =
    when (given) {
        is GivenVerdict.Accept -> Verdict.Accept
        is GivenVerdict.Abstain -> Verdict.Abstain(given.reasons.map { Reason(it.code, it.culprit, it.message) })
    }

private fun outputOf(given: GivenOutput): Output {
    val values = FloatArray(given.count.toInt())
    ByteBuffer.wrap(given.values).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values)
    return Output(given.name, values, given.`class`?.let(::classOf))
}

private fun classOf(given: GivenClass): ChosenClass = ChosenClass(given.index.toInt(), given.name, given.probability)
