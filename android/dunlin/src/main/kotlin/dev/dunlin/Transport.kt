// How requests are sent.
package dev.dunlin

import java.io.IOException

/**
 * Sends one request and returns its answer, whatever its status: no retry, no redirect. It bounds the size of an answer itself,
 * and is interrupted when its time is over. It may be called from several threads, and may call [Dunlin] meanwhile.
 */
public fun interface Transport {
    /**
     * Sends an upload below the receiver's address.
     *
     * @throws IOException when there was no whole answer; its message is told. Whatever else is thrown counts as the same.
     */
    @Throws(IOException::class)
    public fun send(upload: Upload): Response

    /**
     * Fetches a file of the update channel, or a part of one. An app that follows no channel need not know how.
     *
     * @throws IOException when there was no whole answer, or a longer one than is wanted; otherwise as [send].
     */
    @Throws(IOException::class)
    public fun fetch(fetch: Fetch): Response = throw IOException("the app's transport does not fetch; give it a `fetch`")
}

/** One request: `POST {base}{path}` with these headers and this body. */
public class Upload internal constructor(
    /** Names the upload; to be given back with the report. */
    public val id: String,
    /** Path below the receiver's address. */
    public val path: String,
    /** Value of `Content-Type`. */
    public val contentType: String,
    /** Value of `Content-Encoding`; empty where there is to be none. */
    public val contentEncoding: String,
    /** The body: the same bytes at every attempt. */
    public val body: ByteArray,
)

/** One request: `GET {base}{path}`, for at most [maxBytes]; [range] is the value of the header `Range`, where a part is wanted. */
public class Fetch internal constructor(public val path: String, public val range: String?, public val maxBytes: Long)

/** An answer of the receiver, or of whatever stands between; [retryAfter] is the header of that name, as it stands. */
public class Response(public val status: Int, public val body: ByteArray, public val retryAfter: String? = null)

/** What came of sending a request. */
public sealed interface Delivery {
    /** There was an answer, whatever its status. */
    public class Answered(public val response: Response) : Delivery

    /** There was no whole answer; [reason] is for the log, and never a part of the request. */
    public class Failed(public val reason: String) : Delivery
}
