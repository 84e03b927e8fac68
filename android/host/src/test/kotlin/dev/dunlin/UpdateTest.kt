// Following the update channel: over real HTTP from the real server, and through transports that fetch badly or not at all.
package dev.dunlin

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File
import java.io.IOException
import java.net.ServerSocket
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds

class UpdateTest {
    @Test
    fun `a release comes over real HTTP, watches, and answers when it is promoted`() = serving { server ->
        withDunlin({ updates = following("stable"); transport = HttpTransport(server.address) }) { dunlin ->
            val session = dunlin.session("tiny")
            session.predict(tinyRecord())
            val report = runBlocking { dunlin.update(Link.UNMETERED) }
            assertEquals(1L to 1L, report.rootVersion to report.channelVersion)
            val update = report.models.single { it.modelId == "tiny" }
            assertEquals(UpdateOutcome.CANDIDATE to "1.1.0", update.outcome to update.version)
            assertTrue(report.bytes > Fixture.file("tiny-1.1.0.dunlin").length(), "metadata and all parts")
            assertTrue(session.renew())
            session.predict(tinyRecord())
            assertEquals("1.1.0", dunlin.activate("tiny").version)
            assertTrue(session.renew())
            assertEquals("1.1.0", session.modelVersion)
            assertEquals("1.0.0", dunlin.rollback("tiny").version)
            session.predict(tinyRecord())
            assertEquals("1.0.0", session.modelVersion)
        }
    }

    @Test
    fun `the lines of the documents run as they stand`() = serving { server ->
        withDunlin({ updates = following("stable"); transport = HttpTransport(server.address) }) { dunlin ->
            val session = dunlin.session("tiny")
            val shown = mutableListOf<String>()
            val show = { text: String -> shown += text }
            runBlocking {
                // snippet
                val report = dunlin.update(Link.UNMETERED)       // a scheduled sync does this too
                for (model in report.models) show("${model.modelId}: ${model.outcome} ${model.version.orEmpty()}")
                session.renew()                                  // from now on a candidate watches
                for (trial in dunlin.trials()) show("${trial.challenger}: ${trial.stage}, ${trial.verdict}")
                // end
            }
            assertTrue("tiny: CANDIDATE 1.1.0" in shown && "1.1.0: shadow, wait" in shown, "$shown")
        }
        val root = File(System.getenv("DUNLIN_ROOT"))
        val own = File(root, "android/host/src/test/kotlin/dev/dunlin/UpdateTest.kt").readText()
        val run = own.substringAfter("// snippet\n").substringBefore("                // end").trimIndent().trim()
        val section = File(root, "docs/sdk-android.md").readText().substringAfter("## Updates and trials")
        assertEquals(run, section.substringAfter("```kotlin\n").substringBefore("\n```"))
    }

    @Test
    fun `an update that is cut off goes on where it was`() = serving { server ->
        withDunlin({ updates = following("stable") }) { dunlin ->
            val http = HttpTransport(server.address)
            val asked = mutableListOf<String?>()
            val cut = object : Transport by http {
                override fun fetch(fetch: Fetch): Response {
                    if (asked.count { it != null } == 2) throw IOException("the tunnel")
                    asked += fetch.range
                    return http.fetch(fetch)
                }
            }
            val failure = assertThrows(DunlinException.Update::class.java) { runBlocking { dunlin.update(Link.UNMETERED, cut) } }
            assertTrue(failure.code == "no_answer" && "the tunnel" in failure.message.orEmpty(), failure.message)
            val later = mutableListOf<String?>()
            val noting = object : Transport by http {
                override fun fetch(fetch: Fetch) = http.fetch(fetch).also { later += fetch.range }
            }
            val report = runBlocking { dunlin.update(Link.UNMETERED, noting) }
            assertEquals(UpdateOutcome.CANDIDATE, report.models.single { it.modelId == "tiny" }.outcome)
            val parts = (Fixture.file("tiny-1.1.0.dunlin").length() + 4095) / 4096
            assertEquals(parts, (asked + later).filterNotNull().toSet().size.toLong(), "every part was asked for once")
            assertEquals(parts, (asked + later).filterNotNull().size.toLong())
        }
    }

    @Test
    fun `a transport that throws, hangs or cannot fetch is told, and nothing has changed`() =
        withDunlin({ updates = following("stable"); uploadTimeout = 300.milliseconds }) { dunlin ->
            val hanging = fetching { while (true) runCatching { Thread.sleep(300_000) }; error("deaf to its interruption") }
            val bad = mapOf(
                "no network" to fetching { throw IOException("no network") },
                "StackOverflowError" to fetching { throw StackOverflowError() },
                "no answer within" to hanging,
                "does not fetch" to Transport(::accepting),
            )
            for ((word, transport) in bad) {
                val failure = assertThrows(DunlinException.Update::class.java) { runBlocking { dunlin.update(Link.UNMETERED, transport) } }
                assertTrue(failure.code == "no_answer" && word in failure.message.orEmpty(), failure.message)
            }
            assertEquals("1.0.0", dunlin.session("tiny").use { it.modelVersion })
            assertThrows(DunlinException.InvalidArgument::class.java) { runBlocking { dunlin.update(Link.UNMETERED) } }
        }

    @Test
    fun `a transport may call the runtime that calls it, and even close it`() = withDunlin({ updates = following("stable") }) { dunlin ->
        val calling = fetching { fetch ->
            dunlin.session("tiny").use { it.predict(tinyRecord()) }
            if (fetch.range != null) dunlin.close()
            Files().fetch(fetch)
        }
        runBlocking { runCatching { dunlin.update(Link.UNMETERED, calling) } }
        assertThrows(DunlinException.Closed::class.java) { runBlocking { dunlin.update(Link.UNMETERED, Files()) } }
    }

    @Test
    fun `a scheduled sync updates too, and tells the system to come back only for want of an answer`() {
        val fetches = AtomicInteger()
        var answer: (Fetch) -> Response = { throw IOException("no network") }
        val transport = fetching {
            fetches.incrementAndGet()
            answer(it)
        }
        withDunlin({ updates = following("stable"); this.transport = transport }) { dunlin ->
            assertEquals(true, outcome(dunlin))
            answer = Files()::fetch
            assertEquals(false, outcome(dunlin))
            assertEquals("1.1.0", dunlin.trials().single().challenger)
        }
        withDunlin({ updates = following("forged"); this.transport = transport }) { assertEquals(false, outcome(it)) }
        val before = fetches.get()
        withDunlin({ this.transport = transport }) { assertEquals(false, outcome(it)) }
        assertEquals(before, fetches.get(), "where no channel is followed nothing is fetched")
    }

    @Test
    fun `what is fetched is bounded as it was asked for, by its range, and a redirect is an answer`() = serving { server ->
        val http = HttpTransport(server.address, maxResponseBytes = 10)
        val path = "/v1/channel/root/1.json"
        val whole = http.fetch(Fetch(path, null, 65_536))
        assertEquals(200 to Fixture.file("channel/root/1.json").readText(), whole.status to whole.body.decodeToString())
        assertThrows(IOException::class.java) { http.fetch(Fetch(path, null, whole.body.size - 1L)) }
        assertEquals(404, HttpTransport(server.address).fetch(Fetch("/v1/channel/root/2.json", null, 1)).status)
        val bundle = File(Fixture.file("channel/bundles"), Fixture.file("channel/bundles").list()!!.single())
        val part = http.fetch(Fetch("/v1/channel/bundles/${bundle.name}", "bytes=100-199", 100))
        assertEquals(206 to bundle.readBytes().copyOfRange(100, 200).toList(), part.status to part.body.toList())
        val free = ServerSocket(0).use { it.localPort }
        assertThrows(IOException::class.java) { HttpTransport("http://127.0.0.1:$free").fetch(Fetch(path, null, 10)) }
    }

    private fun serving(act: (Server) -> Unit) = inFolder { data ->
        Server(data, "--channel", Fixture.file("channel").path).use(act)
    }

    private fun fetching(ask: (Fetch) -> Response) = object : Transport {
        override fun send(upload: Upload) = accepting(upload)

        override fun fetch(fetch: Fetch) = ask(fetch)
    }

    private fun outcome(dunlin: Dunlin): Boolean? {
        val told = LinkedBlockingQueue<Boolean>()
        SyncRun({ dunlin }, { Link.UNMETERED }).start(told::add)
        return told.poll(60, TimeUnit.SECONDS)
    }
}
