// The app's transport as the native library calls it.
package dev.dunlin.internal

import dev.dunlin.Response
import dev.dunlin.internal.uniffi.Fetch
import dev.dunlin.internal.uniffi.TransportException
import dev.dunlin.internal.uniffi.Upload
import java.util.concurrent.CancellationException
import java.util.concurrent.ExecutionException
import java.util.concurrent.FutureTask
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import kotlin.concurrent.thread
import kotlin.time.Duration
import dev.dunlin.Transport as Given
import dev.dunlin.internal.uniffi.Response as GivenResponse
import dev.dunlin.internal.uniffi.Transport as Foreign

/** A transport for one call of `sync` or `update`, with a time for each request; once it is stopped it sends nothing more. */
internal class Sending(private val transport: Given, private val timeout: Duration) : Foreign {
    private var attempt: FutureTask<Response>? = null
    private var stopped = false

    @Synchronized
    fun stop() {
        stopped = true
        attempt?.cancel(true)
    }

    override fun send(upload: Upload): GivenResponse = attempt { transport.send(uploadOf(upload)) }

    override fun fetch(fetch: Fetch): GivenResponse = attempt { transport.fetch(fetchOf(fetch)) }

    private fun attempt(ask: () -> Response): GivenResponse =
        try {
            begin(ask).get(timeout.inWholeMilliseconds, TimeUnit.MILLISECONDS).given()
        } catch (_: TimeoutException) {
            throw TransportException.NoAnswer("no answer within $timeout")
        } catch (_: CancellationException) {
            throw TransportException.NoAnswer(GAVE_UP)
        } catch (failure: Throwable) {
            // An error that crossed the native frames would end the process, and nothing is lost either way.
            throw TransportException.NoAnswer(reasonOf((failure as? ExecutionException)?.cause ?: failure))
        } finally {
            end()
        }

    /** On a thread of its own, which is left behind if it is deaf to its interruption. */
    @Synchronized
    private fun begin(ask: () -> Response): FutureTask<Response> {
        if (stopped) throw CancellationException()
        return FutureTask(ask).also { begun ->
            attempt = begun
            thread(isDaemon = true, name = "dunlin-sync") { begun.run() }
        }
    }

    @Synchronized
    private fun end() {
        attempt?.cancel(true)
    }

    private companion object {
        const val GAVE_UP = "the app gave up"
    }
}

/** A status that HTTP does not know is as good as any other that means failure. */
internal fun Response.given(): GivenResponse {
    val known = status.takeIf { it in 100..999 } ?: 500
    return GivenResponse(known.toUShort(), retryAfter, body)
}
