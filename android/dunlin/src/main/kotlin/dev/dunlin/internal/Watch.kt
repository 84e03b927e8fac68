// Looks at health and alarms now and then, and tells what has changed.
package dev.dunlin.internal

import dev.dunlin.Alarm
import dev.dunlin.Dunlin
import dev.dunlin.DunlinException
import dev.dunlin.Event
import dev.dunlin.Health
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.withTimeoutOrNull
import kotlin.time.Duration

/** Works only while somebody collects. */
internal class Watch(private val dunlin: Dunlin, private val interval: Duration, dispatcher: CoroutineDispatcher) {
    private val changes = MutableStateFlow(0L)

    val events: Flow<Event> = flow {
        val differences = Differences()
        looks { differences.since(dunlin.health(), whereReadable(dunlin::alarms)) }.collect { it.forEach { event -> emit(event) } }
    }.flowOn(dispatcher)

    /** Something has changed: look now. */
    fun look() = changes.update { it + 1 }

    /** Ends when Dunlin is closed. */
    private fun <T> looks(look: () -> T): Flow<T> = flow {
        while (true) {
            val seen = changes.value
            val found = try {
                whereReadable(dunlin::tick)
                look()
            } catch (_: DunlinException.Closed) {
                return@flow
            }
            emit(found)
            withTimeoutOrNull(interval) { changes.first { it != seen } }
        }
    }

    /** What cannot be read or done now may be the next time: health tells of it. */
    private fun <T> whereReadable(read: () -> T): T? =
        try {
            read()
        } catch (_: DunlinException.Storage) {
            null
        }
}

/** Compares each look with the one before. */
internal class Differences {
    private var before: Health? = null
    private var open = emptyMap<List<String>, Alarm>()

    /** `alarms` is null where they cannot be read. */
    fun since(health: Health, alarms: List<Alarm>?): List<Event> {
        val now = alarms?.associateBy { listOf(it.kind, it.subject, it.modelId, it.modelVersion) } ?: open
        val cleared = (open - now.keys).values.map(Event::AlarmCleared)
        val opened = (now - open.keys).values.map(Event::AlarmOpened)
        // Counters change all the time, and no health with them.
        val changed = before?.copy(counters = health.counters) != health
        open = now
        before = health
        return (if (changed) listOf(Event.HealthChanged(health)) else emptyList()) + opened + cleared
    }
}
