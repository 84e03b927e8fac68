// One sync, and update, that the system has started and may stop again.
package dev.dunlin

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch

/**
 * Runs a sync, and an update where a channel is followed, for a scheduler of the app's choosing, and tells whether the system
 * should come back soon.
 *
 * @param open gives the app's Dunlin, on a thread that may wait for the disk: a job may be the first to need it.
 */
public class SyncRun(
    private val open: () -> Dunlin,
    private val connectivity: ConnectivityPort,
) {
    private var job: Job? = null

    /** Starts; `done` is called once, with whether something still waits for want of an answer, unless it is stopped before. */
    public fun start(done: (again: Boolean) -> Unit) {
        job = CoroutineScope(Dispatchers.Default).launch { done(isUnfinished()) }
    }

    /** Stops; what is not delivered waits for the next time. */
    public fun stop() {
        job?.cancel()
    }

    private suspend fun isUnfinished(): Boolean {
        val link = connectivity.link() ?: return true
        return try {
            val dunlin = open()
            val isKept = dunlin.sync(link).trouble != null
            (dunlin.followsChannel && isUnanswered { dunlin.update(link) }) || isKept
        } catch (cancelled: CancellationException) {
            throw cancelled
        } catch (_: DunlinException.Closed) {
            false
        } catch (_: DunlinException) {
            true
        }
    }

    /** A channel that is not believed now will not be in a minute either. */
    private inline fun isUnanswered(update: () -> Unit): Boolean =
        try {
            update()
            false
        } catch (failure: DunlinException.Update) {
            failure.code in WITHOUT_ANSWER
        }

    private companion object {
        val WITHOUT_ANSWER = setOf("no_answer", "status")
    }
}
