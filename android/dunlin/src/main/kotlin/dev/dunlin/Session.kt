// One version of a model that answers records.
package dev.dunlin

import dev.dunlin.internal.Asking
import dev.dunlin.internal.Given
import dev.dunlin.internal.HotPath
import dev.dunlin.internal.answeredBy
import dev.dunlin.internal.ask
import dev.dunlin.internal.calling
import dev.dunlin.internal.featureOf
import dev.dunlin.internal.given
import dev.dunlin.internal.outputInfoOf
import dev.dunlin.internal.precomputeReportOf
import dev.dunlin.internal.predictionOf
import dev.dunlin.internal.refuseHalfPairs
import dev.dunlin.internal.refuseUnfit
import dev.dunlin.internal.uniffi.RecordBuilder
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.withContext
import java.util.concurrent.atomic.AtomicBoolean
import dev.dunlin.internal.uniffi.Session as Generated

/**
 * Answers records with one version of a model: it stays on that version, unless that is thrown out, or this is renewed. Any
 * thread may call; calls of one session wait for each other, so more parallelism is more sessions. Close it when it is done with.
 */
public class Session internal constructor(
    private val session: Generated,
    /** Name of the model. */
    public val modelId: String,
    private val transport: Transport?,
    private val scope: CoroutineScope,
) : AutoCloseable {
    /** What a record must hold. */
    public val features: List<Feature> = session.features().map(::featureOf)

    /** What the model answers. */
    public val outputs: List<OutputInfo> = session.outputs().map(::outputInfoOf)

    /** Version of the model that answers now; once this is closed, that which it was opened with. */
    public val modelVersion: String get() = whileOpen(firstVersion) { session.modelVersion() }

    /** Which kernels answer now; once this is closed, those which it was opened with. */
    public val kernelSet: String get() = whileOpen(firstKernels) { session.kernelSet() }

    private val firstVersion = session.modelVersion()
    private val firstKernels = session.kernelSet()
    private val hotPath = HotPath(session)
    private val closed = AtomicBoolean()

    /**
     * Answers one record and puts the answer on the record. Takes microseconds to milliseconds, by the model.
     *
     * @throws DunlinException.Record when the record is refused, naming the feature; the refusal is on the record too.
     */
    public fun predict(record: Record): Prediction = answer(Asking.Live, record)

    /**
     * The same for a person who may ask to be forgotten; the journal keeps a keyed hash of the name, not the name.
     *
     * @throws DunlinException.Record as [predict].
     */
    public fun predictFor(subject: String, record: Record): Prediction {
        refuseHalfPairs(subject)
        return answer(Asking.For(subject), record)
    }

    /**
     * Answers many records, in their order, each when it is asked for: neither records nor answers are kept, and a record that is
     * refused is a failure in its place and ends nothing. Where records come faster than the journal can write, [predict] loses a
     * row rather than wait, and this waits. Not for the main thread.
     *
     * ```kotlin
     * session.predictBatch(records).forEach { answer -> answer.onSuccess(::use).onFailure { println(it.message) } }
     * ```
     *
     * Every failure is a [DunlinException.Record]; what concerns no single record, such as [DunlinException.Closed], is thrown. Going
     * through the sequence a second time predicts again.
     */
    public fun predictBatch(records: Sequence<Record>): Sequence<Result<Prediction>> =
        records.map { record ->
            try {
                Result.success(answer(Asking.InBatch, record))
            } catch (refused: DunlinException.Record) {
                Result.failure(refused)
            }
        }

    /**
     * Computes the answers to records that are known to come often, in a file of at most [maxBytes], which replaces the model's
     * earlier one. Sessions opened from then on answer such a record without running the model. Nothing of it is in the journal.
     * Other calls of this session wait until it is done: give it a session of its own, and not the main thread.
     *
     * @throws DunlinException.InvalidArgument where not even one answer fits.
     * @throws DunlinException.Storage where the model is held in memory alone, or the file cannot be written.
     */
    public fun precompute(records: Iterable<Record>, maxBytes: Long): PrecomputeReport {
        val builders = mutableListOf<RecordBuilder>()
        try {
            records.forEach { record -> builders += RecordBuilder().also { give(it, record) } }
            return calling { precomputeReportOf(session.precompute(builders, maxBytes.coerceAtLeast(0).toULong())) }
        } finally {
            builders.forEach(RecordBuilder::close)
        }
    }

    /**
     * [predict], or [predictFor], away from the caller's thread. Where the device has no answer, the policy lets it ask
     * elsewhere and there is a transport, it asks, and waits for at most the policy's deadline; what came of it passes the same
     * guard, or else the device's own answer stands.
     *
     * @throws DunlinException.Record as [predict].
     */
    public suspend fun awaitPrediction(record: Record, subject: String? = null): Prediction {
        val own = withContext(scope.coroutineContext) { answerOf(subject, record) }
        val request = own.fallback ?: return own
        return if (transport == null) own else scope.ask(session, own, request.given, transport)
    }

    /**
     * Takes in what came of a prediction's [Prediction.fallback], once, for an app that sends in its own time.
     *
     * @throws DunlinException.Fallback saying what is wrong with it; the device's own answer stands.
     */
    public fun resolve(prediction: Prediction, delivery: Delivery): Prediction {
        val request = prediction.fallback ?: throw DunlinException.InvalidArgument("this prediction asks nobody elsewhere")
        return calling { prediction.answeredBy(session.resolve(request.given, delivery.given())) }
    }

    /**
     * Takes the version that is active now, and the trial that is on now; records and outputs stay those that the session was
     * opened with. False where nothing has changed. To be called between records where a session lives for days.
     *
     * @throws DunlinException.Model (`other_records`) where the version cannot take such records: open another session then.
     *   This one goes on with what it had.
     */
    public fun renew(): Boolean = calling { session.renew() }

    /** Closes the session, after a call that is under way. Every later prediction throws [DunlinException.Closed]; twice is once. */
    override fun close() {
        if (closed.compareAndSet(false, true)) calling { session.use { it.shutDown() } }
    }

    private inline fun whileOpen(otherwise: String, ask: () -> String): String =
        try {
            calling(ask)
        } catch (_: DunlinException.Closed) {
            otherwise
        }

    private fun answerOf(subject: String?, record: Record) = if (subject == null) predict(record) else predictFor(subject, record)

    private fun answer(asking: Asking, record: Record): Prediction =
        calling { hotPath.predict(asking, record) ?: answerByName(asking, record) }

    /** The way that any record can take: value by value, by name. */
    private fun answerByName(asking: Asking, record: Record): Prediction =
        RecordBuilder().use { builder ->
            give(builder, record)
            val made =
                when (asking) {
                    Asking.Live -> session.predict(builder)
                    is Asking.For -> session.predictFor(asking.subject, builder)
                    Asking.InBatch -> session.predictPatiently(builder)
                }
            predictionOf(made)
        }

    private fun give(builder: RecordBuilder, record: Record) {
        record.json?.let(builder::json)
        record.given.forEach { given -> give(builder, given) }
    }

    private fun give(builder: RecordBuilder, given: Given) {
        when (given) {
            is Given.Number -> builder.number(given.name, given.value)
            is Given.Integer -> builder.integer(given.name, given.value)
            is Given.Truth -> builder.boolean(given.name, given.value)
            is Given.Category -> builder.category(given.name, given.level)
            is Given.Text -> builder.text(given.name, given.text)
            is Given.OfTensor -> {
                hotPath.features.find { it.name == given.name }?.let { refuseUnfit(given, it) }
                builder.tensor(given.name, given.tensor.toBytes())
            }
        }
    }
}
