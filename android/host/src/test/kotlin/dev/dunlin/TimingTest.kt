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
        tell(dunlin, "tiny", tinyRecord(), ::tinyRecord) { builder ->
            builder.number("age", 35.0)
            builder.integer("visits", 4)
            builder.category("colour", "blue")
            builder.boolean("member", true)
            builder.number("income", 1800.0)
        }
        tell(dunlin, "digits", eight(), ::eight) { builder -> builder.json(IMAGE) }
    }

    private fun tell(dunlin: Dunlin, model: String, ready: Record, make: () -> Record, fill: (RecordBuilder) -> Unit) =
        dunlin.session(model).use { session ->
            dunlin.session(model).use { other ->
                val generated = generated(session)
                val handle = handleOf(other)
                val (record, length) = packed(other, ready)
                Native.lend(handle, record, direct(generated.maxAnswerBytes().toInt()))
                val calls = linkedMapOf<String, () -> Any?>(
                    "predict over jni, packed already" to { Native.predict(handle, length) },
                    "Session.predict of a record that is there" to { session.predict(ready) },
                    "Session.predict with making the record" to { session.predict(make()) },
                    "a UniFFI call: handle()" to { generated.handle() },
                    "predict over UniFFI, by name" to { RecordBuilder().use { generated.predict(it.apply(fill)) } },
                )
                calls.values.forEach { call -> repeat(WARM_UP) { call() } }
                val nanos = calls.mapValues { mutableListOf<Long>() }
                repeat(ROUNDS) { calls.forEach { (name, call) -> nanos.getValue(name) += timed(call) } }
                // Whole microseconds, cut off: half of one is missing on average.
                val inside = List(ROUNDS) { (List(CALLS) { session.predict(ready).latencyUs }.average() * 1000 + 500).toLong() }.min()
                println("timing: $model: %-45s %7d ns".format("of which from record to answer, by its own clock", inside))
                nanos.forEach { (name, rounds) -> println("timing: $model: %-45s %7d ns (least of %d rounds)".format(name, rounds.min(), ROUNDS)) }
            }
        }

    private fun timed(call: () -> Any?): Long {
        val start = System.nanoTime()
        repeat(CALLS) { call() }
        return (System.nanoTime() - start) / CALLS
    }

    private fun eight() = record { tensor("image", EIGHT) }

    private companion object {
        const val WARM_UP = 8_000
        const val ROUNDS = 21
        const val CALLS = 500

        /** The first record of tests/golden/held-out.jsonl. */
        const val IMAGE =
            """{"image": [[0,0,7,12,10,0,0,0],[0,3,16,16,16,9,1,0],[0,0,8,16,16,11,1,0],[0,0,10,16,16,0,0,0],""" +
                """[0,3,16,14,16,4,0,0],[0,4,13,0,7,15,0,0],[0,4,14,2,2,16,0,0],[0,0,6,11,10,5,0,0]]}"""
        val EIGHT = Regex("[0-9]+").findAll(IMAGE).map { it.value.toFloat() }.toList().toFloatArray()
    }
}
