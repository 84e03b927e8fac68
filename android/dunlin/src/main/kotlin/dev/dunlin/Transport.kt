// How requests are sent.
package dev.dunlin

import java.io.IOException

/**
 * Sends one request and returns its answer, whatever its status: no retry, no redirect. It bounds the time and the size of an
 * answer itself, and may be called from several threads. It may call [Dunlin] meanwhile.
 */
public fun interface Transport {
    /**
     * Sends a request below the receiver's address.
     *
     * @throws IOException when there was no whole answer. Whatever else it throws counts as the same.
     */
    @Throws(IOException::class)
    public fun send(request: Request): Response
}

/** `POST {base}{path}` with these headers and this body. */
public class Request internal constructor(
    /** Path below the receiver's address. */
    public val path: String,
    /** Value of `Content-Type`. */
    public val contentType: String,
    /** Value of `Content-Encoding`, where the body has one. */
    public val contentEncoding: String?,
    /** The body: the same bytes at every attempt. */
    public val body: ByteArray,
)

/** An answer of the receiver, or of whatever stands between; [retryAfter] is the header of that name, as it stands. */
public class Response(public val status: Int, public val body: ByteArray, public val retryAfter: String? = null)
