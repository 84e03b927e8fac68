// Buffers of every kind, as records hold them and as the native method takes them.
package dev.dunlin

import dev.dunlin.internal.Native
import dev.dunlin.internal.NativeFailure
import dev.dunlin.internal.direct
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.concurrent.thread

class BuffersTest {
    private val floats = floatArrayOf(0.25f, 0.5f, 0.75f, 1f)

    @Test
    fun `a tensor is what lies between position and limit of any buffer, and both stay as they are`() = withSession { session ->
        val must = session.predict(everyRecord()).output("sum")!!.values
        val wide = filled(direct(40), 12)
        val buffers = listOf(wide, wide.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN), filled(heap(40), 5), filled(direct(16), 0))
        for (buffer in buffers) {
            val (position, limit) = buffer.position() to buffer.limit()
            val record = everyRecordBut("f") { tensor("f", buffer) }
            assertArrayEquals(must, session.predict(record).output("sum")!!.values)
            assertEquals(position to limit, buffer.position() to buffer.limit())
        }
    }

    @Test
    fun `a buffer whose limit or position moved after it was given is still what was given`() = withSession { session ->
        val buffer = filled(direct(40), 12)
        val record = everyRecordBut("f") { tensor("f", buffer) }
        buffer.clear()
        assertTrue(session.predict(record).verdict is Verdict.Accept)
    }

    @Test
    fun `a tensor of a wrong size is refused by name and the refusal is on the record`() = withDunlin { dunlin ->
        dunlin.session("every").use { session ->
            for (size in listOf(0, 3, 5)) {
                val record = everyRecordBut("f") { tensor("f", FloatArray(size)) }
                val refused = assertThrows(DunlinException.Record::class.java) { session.predict(record) }
                assertEquals("f", refused.feature)
            }
        }
        dunlin.flush()
        assertEquals(3, dunlin.health().counters.filterKeys { "refus" in it || "reject" in it }.values.sum(), "${dunlin.health().counters}")
    }

    @Test
    fun `a big-endian buffer and an array of another type are refused with what to do`() = withSession { session ->
        val bigEndian = ByteBuffer.allocateDirect(16)
        val wrong = listOf<Record.() -> Unit>({ tensor("f", bigEndian) }, { tensor("f", IntArray(4)) }, { tensor("w", FloatArray(1)) })
        for (give in wrong) {
            val record = everyRecord().apply(give)
            assertThrows(DunlinException.InvalidArgument::class.java) { session.predict(record) }
            val alone = record { give() }
            assertThrows(DunlinException.InvalidArgument::class.java) { session.predict(alone) }
        }
        // Single bytes have no order.
        val bytes = everyRecord().apply { given.removeAll { it.name == "u" } }
        assertTrue(session.predict(bytes.apply { tensor("u", ByteBuffer.wrap(byteArrayOf(1, 2, 3))) }).verdict is Verdict.Accept)
    }

    @Test
    fun `a session is lent direct buffers that can hold an answer and share no byte, or none`() = withSession { session ->
        val handle = handleOf(session)
        val (record, answer) = direct(256) to direct(8192)
        val both = direct(8292)
        both.position(100)
        val refused = listOf(
            Triple(heap(256), answer, "the record is not in a direct buffer"),
            Triple(record, heap(8192), "the answer is not in a direct buffer"),
            Triple(record, answer.asReadOnlyBuffer(), "read-only"),
            Triple(record, direct(64), "64 are given"),
            Triple(answer, answer, "overlap"),
            Triple(both, both.slice(), "overlap"),
        )
        for ((from, into, why) in refused) {
            val failure = assertThrows(NativeFailure::class.java) { Native.lend(handle, from, into) }
            assertEquals(8, failure.kind)
            assertTrue(why in failure.message!!, failure.message)
            assertEquals(8, assertThrows(NativeFailure::class.java) { Native.predict(handle, 1) }.kind, "nothing was lent")
        }
        Native.lend(handle, record.asReadOnlyBuffer(), answer)
    }

    @Test
    fun `a record that is longer than its buffer, shorter than nothing or packed otherwise is refused`() = withDunlin { dunlin ->
        dunlin.session("tiny").use { session ->
            val handle = handleOf(session)
            val (record, length) = packed(session, tinyRecord())
            Native.lend(handle, record, direct(4096))
            assertTrue(Native.predict(handle, length) > 36)
            for (wrong in listOf(-1, Int.MIN_VALUE, 0, length - 1, length + 1, record.capacity(), record.capacity() + 1, Int.MAX_VALUE)) {
                val calls = listOf({ Native.predict(handle, wrong) }, { Native.predictFor(handle, "somebody", wrong) })
                for (call in calls) assertEquals(8, assertThrows(NativeFailure::class.java) { call() }.kind, "$wrong")
            }
        }
    }

    @Test
    fun `a record that is longer than any before is answered, and so are the shorter ones after it`() = withDunlin { dunlin ->
        dunlin.session("tiny").use { session ->
            // A colour that was not among those learned counts as none of them, however long it is.
            val colours = listOf("blue", "x", "blue", "x".repeat(1_000), "blue", "x".repeat(1_000_000), "blue")
            val answers = colours.map { colour ->
                val record = tinyRecord().apply {
                    given.removeAll { it.name == "colour" }
                    category("colour", colour)
                }
                listOf(session.predict(record), session.predictFor("somebody", record)).map { it.output("tier")!!.values.toList() }
            }
            val (known, unknown) = answers.withIndex().partition { it.index % 2 == 0 }
            assertEquals(1, known.flatMap { it.value }.toSet().size)
            assertEquals(1, unknown.flatMap { it.value }.toSet().size)
            assertNotEquals(answers[0], answers[1])
        }
    }

    @Test
    fun `a handle that names no open session is closed, whatever number it is`() = withDunlin { dunlin ->
        val session = dunlin.session("tiny")
        val handle = handleOf(session)
        val (record, length) = packed(session, tinyRecord())
        Native.lend(handle, record, direct(4096))
        session.close()
        for (stale in listOf(handle, 0L, -1L, Long.MAX_VALUE, Long.MIN_VALUE, handle + 1, handle xor (1L shl 32))) {
            val calls = listOf({ Native.predict(stale, length) }, { Native.predictFor(stale, "somebody", length) })
            for (call in calls) assertEquals(7, assertThrows(NativeFailure::class.java) { call() }.kind)
            assertEquals(7, assertThrows(NativeFailure::class.java) { Native.lend(stale, record, direct(4096)) }.kind)
        }
    }

    @Test
    fun `threads that share what one session was lent wait for each other, and closing it ends them`() = withDunlin { dunlin ->
        val session = dunlin.session("tiny")
        val handle = handleOf(session)
        val (record, length) = packed(session, tinyRecord())
        val answer = direct(4096)
        Native.lend(handle, record, answer)
        val bytes = Native.predict(handle, length)
        val ends = ConcurrentLinkedQueue<Int>()
        val threads = List(4) {
            thread {
                ends += assertThrows(NativeFailure::class.java) { while (true) check(Native.predict(handle, length) == bytes) }.kind
            }
        }
        repeat(50) {
            Native.lend(handle, record, answer)
            Thread.sleep(1)
        }
        session.close()
        threads.forEach(Thread::join)
        assertEquals(listOf(7, 7, 7, 7), ends.toList())
    }

    private fun withSession(act: (Session) -> Unit) = withDunlin { dunlin -> dunlin.session("every").use(act) }

    private fun filled(buffer: ByteBuffer, at: Int): ByteBuffer {
        buffer.position(at)
        floats.forEach(buffer::putFloat)
        buffer.position(at).limit(at + 16)
        return buffer
    }

    private fun heap(bytes: Int) = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN)
}
