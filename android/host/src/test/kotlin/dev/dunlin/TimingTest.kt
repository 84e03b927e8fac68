// What a call costs; figures for people, and no test of them: machines differ.
package dev.dunlin

import dev.dunlin.internal.Native
import dev.dunlin.internal.direct
import dev.dunlin.internal.uniffi.RecordBuilder
import org.junit.jupiter.api.Tag
import org.junit.jupiter.api.Test

@Tag("slow")
class TimingTest {
    @Test
    fun `what a call costs is told`() = withDunlin { dunlin ->
        dunlin.session("tiny").use { session ->
            val generated = generated(session)
            val handle = handleOf(session)
            val (record, length) = packed(session, tinyRecord())
            val answer = direct(generated.maxAnswerBytes().toInt())
            val ready = tinyRecord()
            val calls = linkedMapOf<String, () -> Any?>(
                "predict over jni, packed already" to { Native.predict(handle, record, 0, length, answer, 0, answer.capacity()) },
                "Session.predict of a record that is there" to { session.predict(ready) },
                "Session.predict with making the record" to { session.predict(tinyRecord()) },
                "a UniFFI call: handle()" to { generated.handle() },
                "predict over UniFFI, by name" to { RecordBuilder().use { generated.predict(filled(it)) } },
            )
            calls.values.forEach { call -> repeat(WARM_UP) { call() } }
            val nanos = calls.mapValues { mutableListOf<Long>() }
            repeat(ROUNDS) { calls.forEach { (name, call) -> nanos.getValue(name) += timed(call) } }
            // Whole microseconds, cut off: half of one is missing on average.
            val inside = List(ROUNDS) { (List(CALLS) { session.predict(ready).latencyUs }.average() * 1000 + 500).toLong() }.min()
            println("timing: %-45s %7d ns".format("of which from record to answer, by its own clock", inside))
            nanos.forEach { (name, rounds) -> println("timing: %-45s %7d ns (least of %d rounds)".format(name, rounds.min(), ROUNDS)) }
        }
    }

    private fun timed(call: () -> Any?): Long {
        val start = System.nanoTime()
        repeat(CALLS) { call() }
        return (System.nanoTime() - start) / CALLS
    }

    private fun filled(builder: RecordBuilder) = builder.apply {
        number("age", 35.0)
        integer("visits", 4)
        category("colour", "blue")
        boolean("member", true)
        number("income", 1800.0)
    }

    private companion object {
        const val WARM_UP = 8_000
        const val ROUNDS = 21
        const val CALLS = 500
    }
}
