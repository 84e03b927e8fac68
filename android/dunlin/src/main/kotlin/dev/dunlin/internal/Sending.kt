// The app's transport as the native library calls it.
package dev.dunlin.internal

import dev.dunlin.Request
import dev.dunlin.Response
import dev.dunlin.internal.uniffi.TransportException
import dev.dunlin.internal.uniffi.Upload
import dev.dunlin.Transport as Given
import dev.dunlin.internal.uniffi.Response as GivenResponse
import dev.dunlin.internal.uniffi.Transport as Foreign

/** A transport for one call of `sync`; once it is stopped it sends nothing more. */
internal class Sending(private val transport: Given) : Foreign {
    @Volatile
    private var stopped = false

    fun stop() {
        stopped = true
    }

    override fun send(upload: Upload): GivenResponse {
        if (stopped) throw TransportException.NoAnswer("the app gave up")
        return try {
            transport.send(Request(upload.path, upload.contentType, upload.contentEncoding, upload.body)).given()
        } catch (failure: Throwable) {
            // An error that crossed the native frames would end the process, and the upload is kept either way.
            throw TransportException.NoAnswer(reasonOf(failure))
        }
    }
}

/** A status that HTTP does not know is as good as any other that means failure. */
internal fun Response.given(): GivenResponse {
    val known = status.takeIf { it in 100..999 } ?: 500
    return GivenResponse(known.toUShort(), retryAfter, body)
}
