// When uploads happen is the system's to say; this is how it is asked.
package dev.dunlin

import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours

/** Asks the system to sync now and then. */
public interface SyncScheduler {
    /** Asks for it from now on, in place of what was asked for before; to be called at every start. */
    public fun schedule(conditions: SyncConditions = SyncConditions())

    /** Asks for it no more. */
    public fun cancel()
}

/** What must hold for a sync. Whatever is chosen, a metered link carries a small allowance a day only. */
public data class SyncConditions(
    /** About how often; the system takes no less than a quarter of an hour. */
    val every: Duration = 6.hours,
    /** Only over a link whose bytes cost nothing. */
    val unmetered: Boolean = true,
    /** Only while charging. */
    val charging: Boolean = false,
    /** Only while the battery is not low. Before Android 8 the system cannot tell, and this is not asked for. */
    val batteryNotLow: Boolean = true,
)

/** What the device is connected by. */
public fun interface ConnectivityPort {
    /** The link now; null where there is none. */
    public fun link(): Link?
}
