// What a finger has drawn, and the picture that the model sees of it.
package dev.dunlin.sample

import kotlin.math.hypot
import kotlin.math.max
import kotlin.math.min

/** A place on the drawing surface, in pixels. */
data class Point(val x: Float, val y: Float)

/** The strokes of one drawing. */
class Strokes {
    private val strokes = mutableListOf<MutableList<Point>>()

    val isEmpty: Boolean get() = strokes.isEmpty()

    /** The strokes so far, for drawing them. */
    val lines: List<List<Point>> get() = strokes

    /** The pen comes down. */
    fun begin(at: Point) {
        strokes += mutableListOf(at)
    }

    /** The pen moves on. */
    fun move(to: Point) {
        strokes.lastOrNull()?.add(to)
    }

    fun clear() = strokes.clear()

    /**
     * The drawing as the model `digits` was trained on: 8 x 8 grey levels, 0 (paper) to 16 (ink), row by row. It is scaled to fill
     * 32 x 32 dots; each level counts the inked ones of 4 x 4.
     */
    fun toLevels(): FloatArray {
        val levels = FloatArray(LEVELS * LEVELS)
        if (isEmpty) return levels
        val lines = scaled()
        for (row in 0 until DOTS) for (column in 0 until DOTS) {
            val dot = Point(column + 0.5f, row + 0.5f)
            if (lines.any { isInked(dot, it) }) levels[row / CELL * LEVELS + column / CELL] += 1f
        }
        return levels
    }

    /** The drawing in the middle of the dots, as large as fits with the pen's own width. */
    private fun scaled(): List<List<Point>> {
        val points = strokes.flatten()
        val (left, right) = points.minOf { it.x } to points.maxOf { it.x }
        val (top, bottom) = points.minOf { it.y } to points.maxOf { it.y }
        val room = DOTS - 2 * PEN
        val scale = min(room / max(right - left, 1f), room / max(bottom - top, 1f))
        val (middleX, middleY) = (left + right) / 2 to (top + bottom) / 2
        val half = DOTS / 2f
        return strokes.map { line -> line.map { Point(half + (it.x - middleX) * scale, half + (it.y - middleY) * scale) } }
    }

    private fun isInked(dot: Point, line: List<Point>): Boolean {
        if (line.size == 1) return distance(dot, line[0], line[0]) <= PEN
        return line.zipWithNext().any { (from, to) -> distance(dot, from, to) <= PEN }
    }

    /** How far a dot is from a straight line between two points. */
    private fun distance(dot: Point, from: Point, to: Point): Float {
        val (dx, dy) = to.x - from.x to to.y - from.y
        val length = dx * dx + dy * dy
        val along = if (length == 0f) 0f else ((dot.x - from.x) * dx + (dot.y - from.y) * dy) / length
        val at = along.coerceIn(0f, 1f)
        return hypot(dot.x - from.x - at * dx, dot.y - from.y - at * dy)
    }

    private companion object {
        const val LEVELS = 8
        const val CELL = 4
        const val DOTS = LEVELS * CELL

        /** Half the width of the scanner's pen, in dots. */
        const val PEN = 2.5f
    }
}
