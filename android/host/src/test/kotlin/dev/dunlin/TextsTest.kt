// Texts that no UTF-8 can say, and texts beyond ASCII.
package dev.dunlin

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File

class TextsTest {
    private val broken = listOf("\ud83d", "\udc26", "a\ud83db", "\udc26\ud83d", "cut \ud83d")

    @Test
    fun `half of a surrogate pair is an invalid argument wherever a text goes`() = withDunlin { dunlin ->
        val session = dunlin.session("every")
        val id = session.predict(everyRecord()).id
        for (text in broken) {
            val calls = listOf<() -> Any?>(
                { session.predict(everyRecordBut("t") { text("t", text) }) },
                { session.predict(everyRecordBut("c") { category("c", text) }) },
                { session.predict(record { text("t", text) }) },
                { session.predict(record { number(text, 1.0) }) },
                { session.predict(record { json("{\"t\": \"$text\"}") }) },
                { session.predictFor(text, everyRecord()) },
                { dunlin.session(text) },
                { dunlin.install(File(text)) },
                { dunlin.label(id, text) },
                { dunlin.outcome(id, text, 1L) },
                { dunlin.outcome(id, "bought", text) },
                { dunlin.forget(text) },
                { Dunlin.open(File("/nowhere"), Fixture.assets) { keys += TrustedKey(text, text) } },
            )
            calls.forEachIndexed { at, call ->
                val failure = assertThrows(DunlinException::class.java, { call() }, "$at")
                assertTrue(failure is DunlinException.InvalidArgument || failure is DunlinException.Record, "$at: $failure")
            }
        }
        assertTrue(session.predict(everyRecord()).verdict is Verdict.Accept)
        session.close()
    }

    @Test
    fun `whole characters beyond ASCII are taken everywhere`() = withDunlin { dunlin ->
        dunlin.session("every").use { session ->
            val bird = everyRecordBut("t") { text("t", "\ud83d\udc26é") }
            val prediction = session.predictFor("Zoë \ud83d\udc26", bird)
            assertTrue(prediction.verdict is Verdict.Accept)
            dunlin.label(prediction.id, "oui é€\ud83d\udc26")
            dunlin.flush()
            assertEquals(1, dunlin.forget("Zoë \ud83d\udc26"))
            assertEquals(0, dunlin.forget("Zoe"))
        }
    }

    @Test
    fun `a text that is too long, and a record of no values, are the record's fault`() = withDunlin { dunlin ->
        dunlin.session("every").use { session ->
            val long = everyRecordBut("t") { text("t", "x".repeat(100_000)) }
            assertEquals("t", assertThrows(DunlinException.Record::class.java) { session.predict(long) }.feature)
            assertEquals("missing", assertThrows(DunlinException.Record::class.java) { session.predict(record { }) }.code)
        }
    }
}
