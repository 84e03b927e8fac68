// Draw a digit, and read what it is.
package dev.dunlin.sample

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import android.widget.Button
import android.widget.LinearLayout
import android.widget.TextView
import dev.dunlin.DunlinException
import dev.dunlin.Session
import dev.dunlin.record
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/** The drawing surface and the answer. */
class MainActivity : Activity() {
    private val scope = CoroutineScope(Dispatchers.IO)
    private val session: Session by lazy { (application as SampleApp).dunlin.session("digits") }
    private val answer by lazy { TextView(this).apply { textSize = 24f } }
    private val drawing by lazy { DrawView(this, ::read) }

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        val screen = LinearLayout(this).apply { orientation = LinearLayout.VERTICAL }
        screen.addView(drawing, LinearLayout.LayoutParams(LinearLayout.LayoutParams.MATCH_PARENT, 0, 1f))
        screen.addView(answer)
        screen.addView(button("Clear") { drawing.clear() })
        screen.addView(button("Health") { startActivity(Intent(this, HealthActivity::class.java)) })
        setContentView(screen)
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    private fun button(label: String, press: () -> Unit) =
        Button(this).apply {
            text = label
            setOnClickListener { press() }
        }

    private fun read() {
        val levels = drawing.strokes.toLevels()
        scope.launch {
            val words = try {
                inWords(session.predict(record { tensor("image", levels) }))
            } catch (failure: DunlinException) {
                failure.message.orEmpty()
            }
            runOnUiThread { answer.text = words }
        }
    }
}
