// Asks a larger model elsewhere, within the deadline of the request.
package dev.dunlin.internal

import dev.dunlin.Delivery
import dev.dunlin.DunlinException
import dev.dunlin.Prediction
import dev.dunlin.Transport
import dev.dunlin.Upload
import dev.dunlin.internal.uniffi.FallbackRequest
import dev.dunlin.internal.uniffi.Session
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import dev.dunlin.internal.uniffi.Delivery as GivenDelivery

/**
 * Sends a request and takes in its answer. A transport that hangs is left behind at the deadline; its thread ends with it.
 * Whatever came of it is told to the session, also when the caller is cancelled: the circuit breaker counts it.
 */
internal suspend fun CoroutineScope.ask(
    session: Session,
    own: Prediction,
    request: FallbackRequest,
    transport: Transport,
): Prediction {
    val sending = async(coroutineContext) { deliveryOf(transport, request) }
    val delivery = try {
        withTimeoutOrNull(request.deadlineMs().toLong()) { sending.await() } ?: Delivery.Failed("not within the deadline")
    } catch (cancelled: CancellationException) {
        withContext(NonCancellable) { resolve(session, own, request, Delivery.Failed("the app gave up")) }
        throw cancelled
    } finally {
        sending.cancel()
    }
    return withContext(coroutineContext) { resolve(session, own, request, delivery) }
}

private fun deliveryOf(transport: Transport, request: FallbackRequest): Delivery =
    try {
        val sent = Upload(request.id().toString(), request.path(), request.contentType(), "", request.body())
        Delivery.Answered(transport.send(sent))
    } catch (failure: Exception) {
        Delivery.Failed(reasonOf(failure))
    }

private fun resolve(session: Session, own: Prediction, request: FallbackRequest, delivery: Delivery): Prediction =
    try {
        calling { own.answeredBy(session.resolve(request, delivery.given())) }
    } catch (refused: DunlinException.Fallback) {
        own.unanswered(refused)
    }

internal fun Delivery.given(): GivenDelivery =
    when (this) {
        is Delivery.Answered -> GivenDelivery.Answered(response.given())
        is Delivery.Failed -> GivenDelivery.Failed(reason)
    }
