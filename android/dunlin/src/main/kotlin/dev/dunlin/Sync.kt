// What a call of sync is given, and what it did.
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
