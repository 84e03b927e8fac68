// Labels, outcomes, forgetting, logging and configuration, as an app calls them.
package dev.dunlin

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.milliseconds

class RuntimeTest {
    @Test
    fun `labels and outcomes of every kind are taken, and a wrong id is refused`() = withDunlin { dunlin ->
        dunlin.session("tiny").use { session ->
            val id = session.predict(tinyRecord()).id
            dunlin.label(id, "middle")
            dunlin.label(id, 1.5)
            dunlin.label(id, 1L)
            dunlin.label(id, true)
            dunlin.outcome(id, "bought", "nothing")
            dunlin.outcome(id, "price", 9.5)
            dunlin.outcome(id, "pieces", 3L)
            dunlin.outcome(id, "returned", false)
            assertThrows(DunlinException.InvalidArgument::class.java) { dunlin.label(-1, "middle") }
            assertThrows(DunlinException.InvalidArgument::class.java) { dunlin.label(id, Double.NaN) }
            assertThrows(DunlinException.InvalidArgument::class.java) { dunlin.outcome(id, "x".repeat(10_000), true) }
        }
    }

    @Test
    fun `a person who asks is forgotten`() = withDunlin { dunlin ->
        dunlin.session("tiny").use { session ->
            repeat(3) { session.predictFor("Ada", tinyRecord()) }
            session.predictFor("Bob", tinyRecord())
            dunlin.flush()
            assertEquals(3, dunlin.forget("Ada"))
            assertEquals(0, dunlin.forget("Ada"))
        }
    }

    @Test
    fun `predictions are still there after the folder was closed and opened again`() = inFolder { folder ->
        openIn(folder).use { dunlin ->
            dunlin.installShipped("tiny-1.0.0.dunlin")
            dunlin.session("tiny").use { it.predictFor("Ada", tinyRecord()) }
        }
        openIn(folder).use { assertEquals(1, it.forget("Ada")) }
    }

    @Test
    fun `every setting is taken, and one that makes no sense is refused`() {
        val settings: Config.() -> Unit = {
            durability = Durability.Batched(50.milliseconds, 100)
            retention = Retention(maxRows = 1000, maxBytes = 10_000_000, maxAge = 30.days)
            monitor = MonitorWindow(rows = 100, time = 1.days)
            fallback = FallbackPolicy(AskOn.entries, true, null, 1000.milliseconds, 5, 2, 1.days)
        }
        withDunlin(settings) { dunlin -> dunlin.session("every").use { assertTrue(it.predict(everyRecord(0.25)).fallback != null) } }
        withDunlin({ durability = Durability.Sync }) { dunlin -> dunlin.session("tiny").use { it.predict(tinyRecord()) } }
        val wrong = listOf<Config.() -> Unit>(
            { retention = Retention(maxRows = -1) },
            { monitor = MonitorWindow(time = (-1).days) },
            { keys += TrustedKey("broken", "no key at all") },
            { trustAsset("nowhere.pub") },
        )
        for (configure in wrong) {
            assertThrows(DunlinException.InvalidArgument::class.java) { Dunlin.open(File("/nowhere"), Fixture.assets, configure = configure) }
        }
    }

    @Test
    fun `an asset that is not there is the call's fault, and no copy of one that is stays behind`() = inFolder { folder ->
        openIn(folder).use { dunlin ->
            assertThrows(DunlinException.InvalidArgument::class.java) { dunlin.installShipped("nowhere.dunlin") }
            dunlin.installShipped("tiny-1.0.0.dunlin")
            assertThrows(DunlinException.Refused::class.java) { dunlin.installShipped("tampered.dunlin") }
            assertEquals(emptyList<File>(), File(folder, "runtime-shipped").listFiles().orEmpty().toList())
            assertThrows(DunlinException.NotInstalled::class.java) { dunlin.session("nobody") }
        }
    }

    @Test
    fun `log records reach the app's sink, which may throw and must not call back`() {
        val lines = CopyOnWriteArrayList<String>()
        Dunlin.setLogSink({ level, target, message ->
            lines += "$level $target $message"
            error("a sink with a defect")
        }, LogLevel.TRACE)
        try {
            withDunlin { dunlin -> dunlin.session("tiny").use { it.predict(tinyRecord()) } }
        } finally {
            Dunlin.setLogSink(null, LogLevel.ERROR)
        }
        assertTrue(lines.isNotEmpty() && lines.all { "dunlin" in it }, "$lines")
        val before = lines.size
        withDunlin { dunlin -> dunlin.session("tiny").use { it.predict(tinyRecord()) } }
        assertEquals(before, lines.size)
    }

    @Test
    fun `a session knows its schema`() = withDunlin { dunlin ->
        dunlin.session("digits").use { session ->
            assertEquals(listOf(8, 8), session.features.single().shape)
            assertEquals(DType.F32, session.features.single().dtype)
            assertEquals(10, session.outputs.single().classes.size)
            assertTrue(session.kernelSet.isNotBlank())
        }
        dunlin.session("every").use { session ->
            assertEquals(listOf("red", "green"), session.features.first { it.name == "c" }.levels)
            assertEquals(-10.0 to 10.0, session.features.first { it.name == "n" }.let { it.min to it.max })
            assertEquals("every", session.modelId)
        }
    }
}
