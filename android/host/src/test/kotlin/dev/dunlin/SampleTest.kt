// The sample's drawing, as the model sees it.
package dev.dunlin

import dev.dunlin.sample.Point
import dev.dunlin.sample.Strokes
import dev.dunlin.sample.inWords
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.sin

class SampleTest {
    @Test
    fun `paper is white, and a drawing fills its height wherever and however large it is drawn`() {
        assertTrue(Strokes().toLevels().all { it == 0f })
        val small = line(Point(10f, 10f), Point(10f, 40f)).toLevels()
        val large = line(Point(300f, 100f), Point(300f, 900f)).toLevels()
        assertEquals(small.toList(), large.toList())
        assertTrue(small.all { it in 0f..16f } && (0 until 8).all { row -> small.slice(8 * row until 8 * row + 8).sum() > 0 })
    }

    @Test
    fun `a dot is a dot in the middle`() {
        val levels = Strokes().apply { begin(Point(5f, 5f)) }.toLevels()
        assertTrue(levels[27] > 0 && levels[28] > 0 && levels[35] > 0 && levels[36] > 0)
        assertEquals(0f, levels[0] + levels[63])
    }

    @Test
    fun `a ring is read as a zero, and what the model says is put in words`() = withDunlin { dunlin ->
        dunlin.session("digits").use { session ->
            val ring = Strokes().apply {
                begin(Point(60f, 0f))
                for (step in 1..40) move(Point(60f * cos(2 * PI * step / 40).toFloat(), 100f * sin(2 * PI * step / 40).toFloat()))
            }
            ring.lines[0].size.let { assertEquals(41, it) }
            val prediction = session.predict(record { tensor("image", ring.toLevels()) })
            assertEquals("0", prediction.chosenClass?.name, "$prediction ${ring.toLevels().toList()}")
            assertTrue(inWords(prediction).startsWith("0"))
            assertTrue("digits 1.0.0 (active)" in inWords(dunlin.health(), dunlin.alarms()))
        }
    }

    private fun line(from: Point, to: Point) = Strokes().apply {
        begin(from)
        move(to)
    }
}
