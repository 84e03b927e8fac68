// Sends by the app's transport, away from its threads, one exchange at a time.
package dev.dunlin.internal

import dev.dunlin.DunlinException
import dev.dunlin.Transport
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlin.time.Duration

/** Two never send at once; a caller that is cancelled returns at once, and the request under way is the last. */
internal class Syncing(private val scope: CoroutineScope, private val usual: Transport?, private val timeout: Duration) {
    private val one = Mutex()

    suspend fun <T> send(transport: Transport?, act: (Sending) -> T): T {
        val given = transport ?: usual
            ?: throw DunlinException.InvalidArgument("there is nothing to send with: set `transport` when Dunlin is opened")
        val sending = Sending(given, timeout)
        val work = scope.async { one.withLock { calling { act(sending) } } }
        try {
            return work.await()
        } finally {
            sending.stop()
            work.cancel()
        }
    }
}
