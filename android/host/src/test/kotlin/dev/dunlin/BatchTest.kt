// Many records, and answers computed in advance.
package dev.dunlin

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class BatchTest {
    private fun aged(age: Double) = record {
        number("age", age)
        integer("visits", 4)
        category("colour", "blue")
        boolean("member", true)
        number("income", 1800.0)
    }

    @Test
    fun `a batch is answered in its order and a refused record ends nothing`() = withDunlin { dunlin ->
        dunlin.session("tiny").use { session ->
            val alone = session.predict(tinyRecord())
            var taken = 0
            val records = sequenceOf(tinyRecord(), record { }, tinyRecord()).onEach { taken++ }
            val answers = session.predictBatch(records)
            assertEquals(0, taken, "a record is taken when its answer is")
            val made = answers.toList()
            assertEquals(listOf(true, false, true), made.map { it.isSuccess })
            assertEquals(alone.chosenClass, made[2].getOrThrow().chosenClass)
            assertTrue(made[1].exceptionOrNull() is DunlinException.Record)
            assertEquals(3, taken)
        }
    }

    @Test
    fun `a batch loses no row however fast it is`() = withDunlin { dunlin ->
        dunlin.session("tiny").use { session ->
            val answered = session.predictBatch(generateSequence { tinyRecord() }.take(20_000)).count { it.isSuccess }
            dunlin.flush()
            val counters = dunlin.health().counters
            assertEquals(Triple(20_000, 20_000L, 0L), Triple(answered, counters["journal.predictions"], counters["journal.dropped_full"] ?: 0L))
        }
    }

    @Test
    fun `a batch of a closed session is no list of refusals`() = withDunlin { dunlin ->
        val session = dunlin.session("tiny")
        session.close()
        assertThrows(DunlinException.Closed::class.java) { session.predictBatch(sequenceOf(tinyRecord())).toList() }
    }

    @Test
    fun `what is computed in advance is found and told as such`() = withDunlin { dunlin ->
        dunlin.session("tiny").use { session ->
            session.predict(tinyRecord())
            val report = session.precompute(listOf(aged(35.0), aged(36.0), aged(35.0), record { }), 100_000)
            assertEquals(listOf(4L, 2L, 1L, 1L), listOf(report.records, report.kept, report.repeated, report.refused))
            assertTrue(report.bytes in 1..100_000)
            assertThrows(DunlinException.InvalidArgument::class.java) { session.precompute(listOf(aged(35.0)), 10) }
            assertThrows(DunlinException.InvalidArgument::class.java) { session.precompute(listOf(aged(35.0)), -1) }
        }
        dunlin.session("tiny").use { later ->
            val by = listOf(35.0, 36.0, 37.0).map { later.predict(aged(it)).answeredBy }
            assertEquals(listOf(AnsweredBy.CACHE, AnsweredBy.CACHE, AnsweredBy.MODEL), by)
        }
    }
}
