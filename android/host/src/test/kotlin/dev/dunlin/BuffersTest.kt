// Buffers of every kind, as records hold them and as the native method takes them.
package dev.dunlin

import dev.dunlin.internal.Native
import dev.dunlin.internal.NativeFailure
import dev.dunlin.internal.direct
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder

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
    fun `the native method refuses what lies outside of a direct writable buffer of its own`() = withDunlin { dunlin ->
        dunlin.session("tiny").use { session ->
            val handle = handleOf(session)
            val (record, length) = packed(session, tinyRecord())
            val answer = direct(4096)
            val size = Native.predict(handle, record, 0, length, answer, 0, answer.capacity())
            assertTrue(size > 36)
            val calls = listOf<() -> Int>(
                { Native.predict(handle, heap(length), 0, length, answer, 0, 4096) },
                { Native.predict(handle, record, 0, length, heap(4096), 0, 4096) },
                { Native.predict(handle, record, 0, length, answer.asReadOnlyBuffer(), 0, 4096) },
                { Native.predict(handle, record, -1, length, answer, 0, 4096) },
                { Native.predict(handle, record, 1, Int.MAX_VALUE, answer, 0, 4096) },
                { Native.predict(handle, record, Int.MAX_VALUE, Int.MAX_VALUE, answer, 0, 4096) },
                { Native.predict(handle, record, 0, length, answer, 4095, 2) },
                { Native.predict(handle, record, 0, length, answer, 0, -1) },
                { Native.predict(handle, record, 0, length, answer, 0, 35) },
                { Native.predict(handle, answer, 0, length, answer, 0, 4096) },
                { Native.predict(handle, record, 0, length - 1, answer, 0, 4096) },
                { Native.predict(handle, record, 0, 0, answer, 0, 4096) },
                { Native.predict(handle, record, 0, record.capacity(), answer, 0, 4096) },
            )
            calls.forEachIndexed { at, call -> assertEquals(8, assertThrows(NativeFailure::class.java, { call() }, "$at").kind, "$at") }
        }
    }

    @Test
    fun `a handle that names no open session is closed, whatever number it is`() = withDunlin { dunlin ->
        val session = dunlin.session("tiny")
        val handle = handleOf(session)
        val (record, length) = packed(session, tinyRecord())
        session.close()
        for (stale in listOf(handle, 0L, -1L, Long.MAX_VALUE, Long.MIN_VALUE, handle + 1, handle xor (1L shl 32))) {
            val failure = assertThrows(NativeFailure::class.java) { Native.predict(stale, record, 0, length, direct(4096), 0, 4096) }
            assertEquals(7, failure.kind)
        }
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
