// Use after close, closing in any order, several threads in one session.
package dev.dunlin

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.concurrent.thread

class ClosingTest {
    @Test
    fun `a closed session says so, and closing it twice is once`() = withDunlin { dunlin ->
        val session = dunlin.session("tiny")
        session.close()
        session.close()
        assertThrows(DunlinException.Closed::class.java) { session.predict(tinyRecord()) }
        assertThrows(DunlinException.Closed::class.java) { session.predictFor("somebody", tinyRecord()) }
        assertThrows(DunlinException.Closed::class.java) { session.predict(record { json("{}") }) }
        assertThrows(DunlinException.Closed::class.java) { runBlocking { session.awaitPrediction(tinyRecord()) } }
        assertEquals("1.0.0", session.modelVersion)
        dunlin.session("tiny").use { it.predict(tinyRecord()) }
    }

    @Test
    fun `after a runtime is closed every call says so, and its sessions are closed with it`() = inFolder { folder ->
        val dunlin = openIn(folder)
        dunlin.installShipped("tiny-1.0.0.dunlin")
        val session = dunlin.session("tiny")
        val id = session.predict(tinyRecord()).id
        dunlin.close()
        dunlin.close()
        val calls = listOf<() -> Any?>(
            { session.predict(tinyRecord()) },
            { dunlin.session("tiny") },
            { dunlin.install(Fixture.file("tiny-1.0.0.dunlin")) },
            { dunlin.installShipped("tiny-1.0.0.dunlin") },
            { dunlin.installCandidate(Fixture.file("tiny-1.0.0.dunlin")) },
            { dunlin.activate("tiny") },
            { dunlin.rollback("tiny") },
            { dunlin.reject("tiny") },
            { dunlin.trials() },
            { dunlin.label(id, "high") },
            { dunlin.outcome(id, "bought", true) },
            { dunlin.forget("somebody") },
            { dunlin.health() },
            { dunlin.alarms() },
            { dunlin.tick() },
            { dunlin.flush() },
            { dunlin.resumeUploads() },
            { dunlin.nextUpload(Link.UNMETERED) },
            { dunlin.reportUpload("1", Delivery.Failed("late")) },
            { dunlin.suspend() },
            { runBlocking { dunlin.sync(Link.UNMETERED) { error("nothing is sent") } } },
            { runBlocking { dunlin.update(Link.UNMETERED, Files()) } },
            { session.renew() },
        )
        calls.forEachIndexed { at, call -> assertThrows(DunlinException.Closed::class.java, { call() }, "$at") }
        session.close()
        runBlocking { assertTrue(withTimeout(120_000) { dunlin.healthChanges().toList() + dunlin.events().toList() }.isEmpty()) }
        openIn(folder).use { assertTrue(it.health().ok) }
    }

    @Test
    fun `one session answers several threads, each with its own answer`() = withDunlin { dunlin ->
        dunlin.session("every").use { session ->
            runBlocking(Dispatchers.Default) {
                val answers = (0 until 8).map { thread ->
                    async { (0 until 500).map { session.predict(everyRecord(if (thread % 2 == 0) 2.0 else -3.0)) } }
                }.awaitAll()
                answers.forEachIndexed { thread, made ->
                    val names = made.map { it.chosenClass?.name }.toSet()
                    assertEquals(setOf(if (thread % 2 == 0) "yes" else "no"), names)
                }
                assertEquals(4000, answers.flatten().map { it.id }.toSet().size)
            }
        }
    }

    @Test
    fun `a session that is closed under the hands of other threads ends in Closed and nothing else`() = withDunlin { dunlin ->
        repeat(20) {
            val session = dunlin.session("tiny")
            val wrong = AtomicBoolean()
            val threads = List(4) {
                thread {
                    try {
                        while (true) session.predict(tinyRecord())
                    } catch (_: DunlinException.Closed) {
                    } catch (_: Throwable) {
                        wrong.set(true)
                    }
                }
            }
            Thread.sleep(5)
            session.close()
            threads.forEach(Thread::join)
            assertTrue(!wrong.get())
        }
    }

    @Test
    fun `a runtime that was suspended answers on`() = withDunlin { dunlin ->
        dunlin.session("tiny").use { session ->
            session.predict(tinyRecord())
            dunlin.suspend()
            assertTrue(session.predict(tinyRecord()).verdict is Verdict.Accept)
            assertTrue(dunlin.health().ok)
        }
    }
}
