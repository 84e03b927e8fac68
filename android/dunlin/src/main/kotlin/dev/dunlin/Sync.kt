// What a sync is given, what it did, and what there is for an app that sends in its own time.
package dev.dunlin

import kotlin.time.Duration

/** The link that the device has now. */
public enum class Link {
    /** Bytes cost nothing. */
    UNMETERED,

    /** Bytes cost money: a small allowance a day. */
    METERED,
}

/** What one call of `sync` did. */
public data class SyncReport(
    /** Requests sent. */
    val attempts: Long,
    /** Uploads delivered. */
    val accepted: Long,
    /** For how long nothing should be sent; null when nothing waits. */
    val wait: Duration?,
    /** Why the last attempt that was not delivered was not. */
    val trouble: String?,
)

/** What is to be done about uploads now. */
public sealed interface NextUpload {
    /** Send this and report what came of it. */
    public class Send(public val upload: Upload) : NextUpload

    /** Something waits, but not before this long from now. */
    public data class Wait(val wait: Duration) : NextUpload

    /** Nothing waits. */
    public object Done : NextUpload
}

/** What became of an attempt. */
public sealed interface Reported {
    /** Delivered. */
    public object Accepted : Reported

    /** The receiver had it already. */
    public object Duplicate : Reported

    /** Not delivered; it will be sent again, not before this long. */
    public data class Kept(val wait: Duration) : Reported

    /** The receiver does not want us; nothing is sent before this long, or until uploads are resumed. */
    public data class Paused(val wait: Duration) : Reported

    /** Too large: it will be sent again without its histograms. */
    public object Shed : Reported

    /** Refused for good, or too large even so: it is counted as lost. */
    public object Dropped : Reported

    /** No such upload waits: it was reported before. */
    public object Unknown : Reported
}
