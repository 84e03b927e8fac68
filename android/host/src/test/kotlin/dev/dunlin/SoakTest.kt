// A million predictions, and sessions by the thousand: nothing grows.
package dev.dunlin

import dev.dunlin.internal.Native
import dev.dunlin.internal.NativeFailure
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Tag
import org.junit.jupiter.api.Test
import java.io.File
import java.lang.management.BufferPoolMXBean
import java.lang.management.ManagementFactory
import java.util.concurrent.atomic.AtomicReference
import kotlin.concurrent.thread

@Tag("slow")
class SoakTest {
    @Test
    fun `a million predictions from four threads on four sessions take no more memory than the first tenth`() =
        withDunlin({ retention = Retention(maxRows = 20_000) }) { dunlin ->
            val sessions = List(4) { dunlin.session("tiny") }
            predict(sessions, EACH / 10)
            val before = residentKilobytes()
            val start = System.nanoTime()
            predict(sessions, EACH)
            val seconds = (System.nanoTime() - start) / 1e9
            dunlin.flush()
            val after = residentKilobytes()
            println("soak: 1000000 predictions in %.1f s; resident %d KiB after warm-up, %d KiB at the end".format(seconds, before, after))
            assertTrue(after - before < 24 * 1024, "from $before to $after KiB")
            val handles = sessions.map(::handleOf)
            sessions.forEach(Session::close)
            for (handle in handles) {
                assertEquals(7, assertThrows(NativeFailure::class.java) { Native.predict(handle, 8) }.kind)
            }
        }

    @Test
    fun `sessions opened and closed by the thousand leave no handle, no buffer and no memory behind`() = withDunlin { dunlin ->
        val places = HashSet<Long>()
        val (resident, buffers) = List(4) {
            repeat(4_000) { places += openAndClose(dunlin) }
            residentKilobytes() to directBuffers()
        }.unzip()
        println("sessions: resident $resident KiB, $buffers direct buffers after each 4000; places of handles: $places")
        assertTrue(places.size <= 2, "a handle that is not given back takes a place: $places")
        assertTrue(buffers.last() - buffers.first() < 100, "a session that is closed still holds on to its buffers: $buffers")
        assertTrue(resident.last() - resident.first() < 24 * 1024, "$resident KiB")
    }

    @Test
    fun `sessions that are let go without closing them give their buffers back once they are collected`() = withDunlin { dunlin ->
        val before = directBuffers()
        repeat(200) { dunlin.session("tiny").predict(tinyRecord()) }
        val patience = System.nanoTime() + 60_000_000_000
        while (directBuffers() - before > 20 && System.nanoTime() < patience) collect()
        assertTrue(directBuffers() - before <= 20, "${directBuffers()} direct buffers, $before before")
    }

    /** Returns the place of its handle in the table of handles. */
    private fun openAndClose(dunlin: Dunlin): Long =
        dunlin.session("tiny").use { session ->
            session.predict(tinyRecord())
            handleOf(session) and 0xffff_ffffL
        }

    private fun predict(sessions: List<Session>, times: Int) {
        val failure = AtomicReference<Throwable>()
        val threads = sessions.map { session ->
            thread {
                try {
                    val record = tinyRecord()
                    repeat(times) { check(session.predict(record).chosenClass?.name == "middle") }
                } catch (thrown: Throwable) {
                    failure.set(thrown)
                }
            }
        }
        threads.forEach(Thread::join)
        failure.get()?.let { throw it }
    }

    private fun directBuffers(): Long =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean::class.java).first { it.name == "direct" }.count

    private fun residentKilobytes(): Long {
        collect()
        val line = File("/proc/self/status").readLines().first { it.startsWith("VmRSS") }
        return line.filter(Char::isDigit).toLong()
    }

    private fun collect() = repeat(3) {
        System.gc()
        Thread.sleep(50)
    }

    private companion object {
        const val EACH = 250_000
    }
}
