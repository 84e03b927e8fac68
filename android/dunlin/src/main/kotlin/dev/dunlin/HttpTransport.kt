// Sends requests with the platform's own HTTP client.
package dev.dunlin

import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import java.net.HttpURLConnection
import java.net.URL
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/**
 * A [Transport] on [HttpURLConnection]: no redirect is followed, no request is repeated, time and size are bounded.
 *
 * @param base the receiver's address, as `https://example.com/telemetry`.
 * @param headers sent with every request.
 * @param token gives the bearer token of each request, if any. It goes over HTTPS alone, and to this very machine.
 * @param timeout how long connecting, and how long the whole answer, may take.
 * @param maxResponseBytes the longest answer that is taken; what is fetched has a bound of its own.
 */
public class HttpTransport(
    base: String,
    private val headers: Map<String, String> = emptyMap(),
    private val timeout: Duration = 30.seconds,
    private val maxResponseBytes: Int = 1 shl 20,
    private val token: () -> String? = { null },
) : Transport {
    private val base = base.trimEnd('/')

    override fun send(upload: Upload): Response =
        exchange(upload.path, maxResponseBytes.toLong()) { connection ->
            connection.requestMethod = "POST"
            connection.doOutput = true
            // Without a known length the client itself would send the request again when a connection breaks.
            connection.setFixedLengthStreamingMode(upload.body.size)
            connection.setRequestProperty("Content-Type", upload.contentType)
            if (upload.contentEncoding.isNotEmpty()) connection.setRequestProperty("Content-Encoding", upload.contentEncoding)
            prepare(connection)
            connection.outputStream.use { it.write(upload.body) }
        }

    override fun fetch(fetch: Fetch): Response =
        exchange(fetch.path, fetch.maxBytes) { connection ->
            fetch.range?.let { connection.setRequestProperty("Range", it) }
            prepare(connection)
        }

    private inline fun exchange(path: String, most: Long, ask: (HttpURLConnection) -> Unit): Response {
        val connection = URL(base + path).openConnection() as? HttpURLConnection
            ?: throw IOException("$base is no address of HTTP")
        try {
            ask(connection)
            val status = connection.responseCode
            if (status < 0) throw IOException("the answer is not HTTP")
            val stream = if (status < 400) connection.inputStream else connection.errorStream
            // What is wanted is bounded as it was asked for; what says that there is none, as any answer.
            val bound = if (status < 300) most else maxResponseBytes.toLong()
            return Response(status, stream?.use { read(it, bound) } ?: ByteArray(0), connection.getHeaderField("Retry-After"))
        } catch (failure: IOException) {
            connection.disconnect()
            throw failure
        }
    }

    private fun prepare(connection: HttpURLConnection) {
        val millis = timeout.inWholeMilliseconds.coerceIn(1, Int.MAX_VALUE.toLong()).toInt()
        connection.connectTimeout = millis
        connection.readTimeout = millis
        connection.instanceFollowRedirects = false
        connection.useCaches = false
        connection.setRequestProperty("Accept-Encoding", "identity")
        headers.forEach(connection::setRequestProperty)
        token()?.let { connection.setRequestProperty("Authorization", bearer(connection.url, it)) }
    }

    private fun bearer(url: URL, token: String): String {
        val isPrivate = url.protocol == "https" || url.host in HERE
        if (!isPrivate) throw IOException("the token would go over plain HTTP, where others can read it; use https")
        return "Bearer $token"
    }

    /** A read timeout bounds each read alone, and a trickle of bytes would last for ever. */
    private fun read(stream: InputStream, most: Long): ByteArray {
        val start = TimeSource.Monotonic.markNow()
        val whole = ByteArrayOutputStream()
        val buffer = ByteArray(8192)
        while (true) {
            val count = stream.read(buffer)
            if (count < 0) return whole.toByteArray()
            whole.write(buffer, 0, count)
            if (whole.size() > most) throw IOException("the answer is longer than $most bytes")
            if (start.elapsedNow() > timeout) throw IOException("the answer was not whole after $timeout")
        }
    }

    private companion object {
        val HERE = setOf("localhost", "127.0.0.1", "[::1]")
    }
}
