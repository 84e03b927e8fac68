// The surface to draw on.
package dev.dunlin.sample

import android.content.Context
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.view.MotionEvent
import android.view.View

/** Shows the strokes, and tells when the pen is lifted. */
class DrawView(context: Context, private val onLifted: () -> Unit) : View(context) {
    val strokes = Strokes()

    private val ink = Paint().apply {
        color = Color.BLACK
        strokeWidth = 24f
        strokeCap = Paint.Cap.ROUND
        isAntiAlias = true
    }

    init {
        setBackgroundColor(Color.WHITE)
    }

    fun clear() {
        strokes.clear()
        invalidate()
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        val point = Point(event.x, event.y)
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> strokes.begin(point)
            MotionEvent.ACTION_MOVE -> strokes.move(point)
            MotionEvent.ACTION_UP -> performClick()
            else -> return false
        }
        invalidate()
        return true
    }

    override fun performClick(): Boolean {
        super.performClick()
        onLifted()
        return true
    }

    override fun onDraw(canvas: Canvas) {
        for (line in strokes.lines) {
            canvas.drawPoint(line[0].x, line[0].y, ink)
            line.zipWithNext().forEach { (from, to) -> canvas.drawLine(from.x, from.y, to.x, to.y, ink) }
        }
    }
}
