// Asks a larger model elsewhere, within the deadline of the request.
package dev.dunlin.internal

import dev.dunlin.DunlinException
import dev.dunlin.Prediction
import dev.dunlin.Request
import dev.dunlin.Transport
import dev.dunlin.internal.uniffi.Delivery
import dev.dunlin.internal.uniffi.FallbackRequest
import dev.dunlin.internal.uniffi.Session
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

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
        val sent = Request(request.path(), request.contentType(), null, request.body())
        Delivery.Answered(transport.send(sent).given())
    } catch (failure: Exception) {
        Delivery.Failed(reasonOf(failure))
    }

private fun resolve(session: Session, own: Prediction, request: FallbackRequest, delivery: Delivery): Prediction =
    try {
        calling { own.answeredBy(session.resolve(request, delivery)) }
    } catch (refused: DunlinException.Fallback) {
        own
    }
