// What works, what does not, and what to do about it.
package dev.dunlin.sample

import android.app.Activity
import android.os.Bundle
import android.widget.ScrollView
import android.widget.TextView
import dev.dunlin.DunlinException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/** Follows the health for as long as it is on the screen. */
class HealthActivity : Activity() {
    private val words by lazy { TextView(this) }
    private var scope: CoroutineScope? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(ScrollView(this).apply { addView(words) })
    }

    override fun onStart() {
        super.onStart()
        scope = CoroutineScope(Dispatchers.IO).also { it.launch { follow() } }
    }

    override fun onStop() {
        scope?.cancel()
        super.onStop()
    }

    private suspend fun follow() {
        try {
            val dunlin = (application as SampleApp).dunlin
            dunlin.events().collect {
                val text = inWords(dunlin.health(), dunlin.alarms())
                runOnUiThread { words.text = text }
            }
        } catch (failure: DunlinException) {
            runOnUiThread { words.text = failure.message }
        }
    }
}
