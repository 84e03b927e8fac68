// Uploads: over real HTTP to the real receiver, and through transports that misbehave.
package dev.dunlin

import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Tag
import org.junit.jupiter.api.Test
import java.io.File
import java.io.IOException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class SyncTest {
    @Test
    fun `what waits is delivered to the real receiver, once`() = withDunlin({ smallWindows() }) { dunlin ->
        inFolder { data ->
            Server(data).use { server ->
                fillWindows(dunlin, 3)
                val report = runBlocking { dunlin.sync(Link.UNMETERED, HttpTransport(server.address)) }
                assertTrue(report.accepted >= 1 && report.accepted == report.attempts, "$report")
                assertNull(report.trouble)
                assertEquals(3, server.number("windows"))
                val again = runBlocking { dunlin.sync(Link.UNMETERED, HttpTransport(server.address)) }
                assertEquals(0, again.attempts)
            }
        }
    }

    @Test
    fun `a receiver that wants a token gets it, and without one nothing is lost`() = withDunlin({ smallWindows() }) { dunlin ->
        inFolder { data ->
            val tokens = File(data, "tokens").apply { writeText("a-token-of-some-length\n") }
            Server(File(data, "server"), "--token-file", tokens.path).use { server ->
                fillWindows(dunlin, 1)
                val refused = runBlocking { dunlin.sync(Link.UNMETERED, HttpTransport(server.address)) }
                assertEquals(0, refused.accepted)
                assertTrue(refused.trouble != null && refused.wait != null, "$refused")
                dunlin.resumeUploads()
                val transport = HttpTransport(server.address, token = { "a-token-of-some-length" })
                assertEquals(1, runBlocking { dunlin.sync(Link.UNMETERED, transport) }.accepted)
            }
        }
    }

    @Test
    fun `a transport that throws is told as trouble, and the upload is kept`() = withDunlin({ smallWindows() }) { dunlin ->
        fillWindows(dunlin, 1)
        val thrown = listOf(IOException("no network"), IllegalStateException("a defect"), StackOverflowError(), OutOfMemoryError("made up"))
        for (failure in thrown) {
            val report = runBlocking { dunlin.sync(Link.UNMETERED) { throw failure } }
            assertEquals(1 to 0, report.attempts.toInt() to report.accepted.toInt())
            assertTrue(failure.javaClass.simpleName in report.trouble.orEmpty(), "$report")
            dunlin.resumeUploads()
        }
        assertEquals(1, runBlocking { dunlin.sync(Link.UNMETERED, ::accepting) }.accepted)
    }

    @Test
    fun `a transport may call the runtime that calls it, and even close it`() = withDunlin({ smallWindows() }) { dunlin ->
        fillWindows(dunlin, 1)
        val session = dunlin.session("tiny")
        val report = runBlocking {
            val calling = Transport { upload ->
                assertTrue(dunlin.health().ok)
                session.predict(tinyRecord())
                dunlin.tick()
                dunlin.close()
                accepting(upload)
            }
            dunlin.sync(Link.UNMETERED, calling)
        }
        assertEquals(1, report.accepted)
        assertThrows(DunlinException.Closed::class.java) { dunlin.health() }
    }

    @Test
    fun `a transport that hangs does not hold a caller that gives up, and nothing is lost`() = withDunlin({ smallWindows() }) { dunlin ->
        fillWindows(dunlin, 1)
        val release = CountDownLatch(1)
        val hanging = Transport {
            release.await(300, TimeUnit.SECONDS)
            throw IOException("too late")
        }
        val start = System.nanoTime()
        assertThrows(TimeoutCancellationException::class.java) {
            runBlocking { withTimeout(300) { dunlin.sync(Link.UNMETERED, hanging) } }
        }
        assertTrue(System.nanoTime() - start < 200_000_000_000)
        // Everything else goes on meanwhile.
        assertTrue(dunlin.health().ok)
        dunlin.session("tiny").use { it.predict(tinyRecord()) }
        release.countDown()
        val report = runBlocking {
            // Waits for the one that hung: two never send at once.
            dunlin.sync(Link.UNMETERED, ::accepting)
            dunlin.resumeUploads()
            dunlin.sync(Link.UNMETERED, ::accepting)
        }
        assertNull(report.trouble)
        assertEquals(0, runBlocking { dunlin.sync(Link.UNMETERED) { error("nothing waits any more") } }.attempts)
    }

    @Test
    fun `a transport that hangs is given up when its time is over, and the next sync need not wait for it`() =
        withDunlin({ smallWindows(); uploadTimeout = 200.milliseconds }) { dunlin ->
            fillWindows(dunlin, 1)
            val hanging = Transport { _ ->
                while (true) runCatching { Thread.sleep(300_000) }
                error("deaf to its interruption")
            }
            val report = runBlocking { dunlin.sync(Link.UNMETERED, hanging) }
            assertEquals(1 to 0, report.attempts.toInt() to report.accepted.toInt())
            assertTrue("no answer within" in report.trouble.orEmpty(), "$report")
            dunlin.resumeUploads()
            assertEquals(1, runBlocking { dunlin.sync(Link.UNMETERED, ::accepting) }.accepted)
        }

    @Test
    fun `the transport that Dunlin was opened with is used, and without any a sync is refused`() {
        withDunlin({ smallWindows(); transport = Transport(::accepting) }) { dunlin ->
            fillWindows(dunlin, 1)
            assertEquals(1, runBlocking { dunlin.sync(Link.UNMETERED) }.accepted)
        }
        withDunlin { dunlin ->
            assertThrows(DunlinException.InvalidArgument::class.java) { runBlocking { dunlin.sync(Link.UNMETERED) } }
        }
    }

    @Test
    fun `an app may send in its own time, and is told what became of each attempt`() = withDunlin({ smallWindows() }) { dunlin ->
        assertEquals(NextUpload.Done, dunlin.nextUpload(Link.UNMETERED))
        fillWindows(dunlin, 1)
        val first = (dunlin.nextUpload(Link.UNMETERED) as NextUpload.Send).upload
        val kept = dunlin.reportUpload(first.id, Delivery.Failed("no network"))
        assertTrue(kept is Reported.Kept && kept.wait.isPositive(), "$kept")
        assertTrue(dunlin.nextUpload(Link.UNMETERED) is NextUpload.Wait)
        dunlin.resumeUploads()
        val again = (dunlin.nextUpload(Link.UNMETERED) as NextUpload.Send).upload
        assertEquals(first.id, again.id)
        assertArrayEquals(first.body, again.body)
        assertEquals(Reported.Accepted, dunlin.reportUpload(again.id, Delivery.Answered(accepting(again))))
        assertEquals(Reported.Unknown, dunlin.reportUpload(again.id, Delivery.Failed("late")))
    }

    @Test
    fun `a faulty network counts nothing twice and loses nothing`() =
        faulty("503/1,cut,captive,wrong-id,garbage,redirect,cut-request,429,ok,cut", windows = 6)

    @Test
    @Tag("slow")
    fun `a long run over a faulty network counts nothing twice and loses nothing`() {
        val faults = listOf("503", "cut", "ok", "captive", "wrong-id", "cut", "garbage", "cut-request", "redirect", "500", "429/1", "endless", "ok", "hang")
        faulty(List(10) { faults }.flatten().joinToString(","), windows = 60)
    }

    private fun faulty(faults: String, windows: Int) = withDunlin({ smallWindows() }) { dunlin ->
        inFolder { data ->
            Server(data, "--fault", faults).use { server ->
                val transport = HttpTransport(server.address, timeout = 1.seconds)
                var attempts = 0L
                runBlocking {
                    repeat(windows) {
                        fillOne(dunlin)
                        dunlin.resumeUploads()
                        attempts += dunlin.sync(Link.UNMETERED, transport).attempts
                    }
                    do {
                        dunlin.resumeUploads()
                        val report = dunlin.sync(Link.UNMETERED, transport)
                        attempts += report.attempts
                        check(attempts < 1_000) { "it does not end: $report" }
                    } while (report.wait != null)
                }
                assertEquals(windows.toLong(), server.number("windows"))
                assertEquals(0, server.number("windows_counted_twice"))
                assertEquals(0, server.number("windows_seen_twice"))
                assertEquals(50L * windows, server.records())
                println("sync over faults: $windows windows took $attempts attempts, ${server.number("duplicates")} came twice")
            }
        }
    }

    private fun fillOne(dunlin: Dunlin) {
        dunlin.session("tiny").use { session -> repeat(50) { session.predict(tinyRecord()) } }
        dunlin.flush()
    }
}

/** A receiver that takes everything. */
fun accepting(upload: Upload): Response {
    val id = Regex("\"id\"\\s*:\\s*\"([^\"]+)\"").find(plain(upload))!!.groupValues[1]
    return Response(200, "{\"id\": \"$id\", \"receipt\": \"accepted\"}".toByteArray())
}

private fun plain(upload: Upload): String {
    val stream = upload.body.inputStream()
    val text = if (upload.contentEncoding == "gzip") java.util.zip.GZIPInputStream(stream) else stream
    return text.readBytes().decodeToString()
}
