// An app that is killed in the middle of a sync: nothing is lost, and nothing is counted twice.
package dev.dunlin

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File
import java.util.concurrent.TimeUnit
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

/** The app: fills a window, says so, syncs, and so on, until it is killed. Arguments: folder, the receiver's address. */
object Killed {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val dunlin = openIn(File(arguments[0])) { smallWindows() }
        dunlin.installShipped("tiny-1.0.0.dunlin")
        runBlocking {
            while (true) {
                dunlin.session("tiny").use { session -> repeat(50) { session.predict(tinyRecord()) } }
                dunlin.flush()
                println("window")
                dunlin.resumeUploads()
                dunlin.sync(Link.UNMETERED, HttpTransport(arguments[1], timeout = 5.seconds))
            }
        }
    }
}

class KilledTest {
    @Test
    fun `an app that is killed in the middle of a sync loses nothing and counts nothing twice`() = inFolder { folder ->
        val faults = List(20) { listOf("ok", "cut", "503") }.flatten().joinToString(",")
        Server(File(folder, "server"), "--fault", faults).use { server ->
            val random = Random(5)
            val windows = List(5) { runAndKill(folder, server.address, random.nextLong(20, 400)) }.sum()
            assertTrue(windows > 0)
            openIn(folder) { smallWindows() }.use { dunlin ->
                runBlocking {
                    do {
                        dunlin.resumeUploads()
                        val report = dunlin.sync(Link.UNMETERED, HttpTransport(server.address))
                    } while (report.wait != null)
                }
            }
            println("killed: $windows windows told of, ${server.number("windows")} received, ${server.number("duplicates")} came twice")
            assertEquals(0, server.number("windows_counted_twice"))
            assertEquals(0, server.number("windows_seen_twice"))
            // Rows that were flushed when the app was killed, and had not filled their window, are in the open one.
            assertTrue(server.number("windows") >= windows, "${server.statistics()}")
            assertEquals(50 * server.number("windows"), server.records())
        }
    }

    /** Kills the app some time after its first window, and returns how many windows it had told of. */
    private fun runAndKill(folder: File, address: String, afterMillis: Long): Int {
        val java = File(System.getProperty("java.home"), "bin/java").path
        val paths = listOf("java.library.path", "jna.library.path").map { "-D$it=${System.getProperty(it)}" }
        val words = listOf(java, "-cp", System.getProperty("java.class.path")) + paths + listOf(Killed::class.java.name, folder.path, address)
        val said = File(folder, "said")
        val app = ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT).redirectOutput(said).start()
        while (app.isAlive && windowsIn(said) == 0) Thread.sleep(5)
        check(app.isAlive) { "the app did not start" }
        Thread.sleep(afterMillis)
        app.destroyForcibly()
        check(app.waitFor(60, TimeUnit.SECONDS))
        return windowsIn(said)
    }

    private fun windowsIn(said: File) = said.readLines().count { it == "window" }
}
