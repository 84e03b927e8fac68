// A request to a larger model elsewhere.
package dev.dunlin

import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import dev.dunlin.internal.uniffi.FallbackRequest as Given

/** A request to a larger model elsewhere: `POST {base}{path}` with [body], which holds only features that may leave. */
public class FallbackRequest internal constructor(internal val given: Given) {
    /** The prediction that it is for. */
    public val id: Long get() = given.id()

    /** Name of the model asked. */
    public val modelId: String get() = given.modelId()

    /** Path below the service's address. */
    public val path: String get() = given.path()

    /** Value of `Content-Type`. */
    public val contentType: String get() = given.contentType()

    /** How long an answer is taken, from the moment that the prediction was made. */
    public val deadline: Duration get() = given.deadlineMs().toLong().milliseconds

    /** Names of the features in it. */
    public val features: List<String> get() = given.features()

    /** The body. */
    public val body: ByteArray get() = given.body()
}
