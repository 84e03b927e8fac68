// What the flow of events tells.
package dev.dunlin

import dev.dunlin.internal.Differences
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File

class EventsTest {
    private val alarm = Alarm("what", "sure", "do", "drift", "age", Severity.ALARM, "tiny", "1.0.0", 1, 1, 1)
    private val fine = Health(true, Part.Ok, Part.Ok, emptyList(), mapOf("a" to 1L), emptyList())

    @Test
    fun `an alarm is told once when it opens and once when it clears`() {
        val differences = Differences()
        assertEquals(listOf(Event.HealthChanged(fine), Event.AlarmOpened(alarm)), differences.since(fine, listOf(alarm)))
        assertEquals(emptyList<Event>(), differences.since(fine, listOf(alarm.copy(windows = 2, lastUs = 9))))
        assertEquals(listOf(Event.AlarmCleared(alarm.copy(windows = 2, lastUs = 9))), differences.since(fine, emptyList()))
        assertEquals(emptyList<Event>(), differences.since(fine, emptyList()))
    }

    @Test
    fun `health is told when it changes, and counters are no change of health`() {
        val ill = fine.copy(ok = false, journal = Part.Degraded(Notice("full", 1, "make room")))
        val differences = Differences()
        assertEquals(listOf(Event.HealthChanged(fine)), differences.since(fine, emptyList()))
        assertEquals(emptyList<Event>(), differences.since(fine.copy(counters = mapOf("a" to 2L)), emptyList()))
        assertEquals(listOf(Event.HealthChanged(ill)), differences.since(ill, emptyList()))
    }

    @Test
    fun `answers that are no numbers raise an alarm, which the flow tells of`() = withDunlin({ smallWindows() }) { dunlin ->
        dunlin.session("every").use { session -> repeat(60) { session.predict(everyRecord().apply { number("o", 10.0) }) } }
        dunlin.flush()
        val told = runBlocking { withTimeout(120_000) { dunlin.events().first { it is Event.AlarmOpened } } }
        assertTrue((told as Event.AlarmOpened).alarm in dunlin.alarms(), "$told")
        assertTrue(told.alarm.whatToDo.isNotBlank())
    }

    @Test
    fun `an installation is seen at once, and closing ends the flow`() = inFolder { folder ->
        val dunlin = openIn(folder)
        runBlocking {
            val seen = mutableListOf<Health>()
            val watching = launch { dunlin.healthChanges().collect { seen += it } }
            withTimeout(120_000) { dunlin.healthChanges().first { it.models.isEmpty() } }
            dunlin.installShipped("tiny-1.0.0.dunlin")
            withTimeout(120_000) { dunlin.healthChanges().first { health -> health.models.any { it.modelId == "tiny" && it.slot == "active" } } }
            dunlin.close()
            withTimeout(120_000) { watching.join() }
            assertEquals("tiny", seen.last().models.single().modelId)
            assertTrue(withTimeout(120_000) { dunlin.events().toList() }.isEmpty())
        }
    }

    @Test
    fun `a folder that cannot be used is told by health, and predictions are answered all the same`() = inFolder { folder ->
        val file = File(folder, "runtime").apply { writeText("in the way") }
        openIn(folder).let { dunlin ->
            assertTrue(!dunlin.health().ok && file.isFile)
            assertEquals(InstallOutcome.HELD_IN_MEMORY, dunlin.installShipped("tiny-1.0.0.dunlin").outcome)
            dunlin.session("tiny").use { assertTrue(it.predict(tinyRecord()).verdict is Verdict.Accept) }
            val told = runBlocking { withTimeout(120_000) { dunlin.events().first() } }
            assertTrue(told is Event.HealthChanged && !told.health.ok)
            assertThrows(DunlinException.Storage::class.java, dunlin::close)
        }
    }
}
