// The sample app on its screens, and its sync service.
package dev.dunlin

import android.app.Activity
import android.app.job.JobParameters
import android.view.MotionEvent
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import dev.dunlin.sample.DrawView
import dev.dunlin.sample.HealthActivity
import dev.dunlin.sample.MainActivity
import dev.dunlin.sample.SampleApp
import dev.dunlin.sample.SyncService
import org.junit.After
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowLooper

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], manifest = Config.NONE, application = SampleApp::class)
class SampleAppTest {
    private val app = (RuntimeEnvironment.getApplication() as SampleApp).also(::addAssets)

    @After
    fun close() = app.dunlin.close()

    @Test
    fun `a drawn seven is read as a seven, and the health screen tells of the model`() {
        val main = shown(MainActivity::class.java)
        val drawing = views(main.get()).filterIsInstance<DrawView>().single()
        touch(drawing, MotionEvent.ACTION_DOWN, 0f, 0f)
        touch(drawing, MotionEvent.ACTION_MOVE, 60f, 0f)
        touch(drawing, MotionEvent.ACTION_MOVE, 20f, 100f)
        touch(drawing, MotionEvent.ACTION_UP, 20f, 100f)
        waitFor(main.get()) { it.startsWith("7, ") }
        val health = shown(HealthActivity::class.java)
        waitFor(health.get()) { "Everything works." in it && "digits 1.0.0 (active)" in it }
        health.stop()
        main.pause().stop().destroy()
    }

    @Test
    fun `the sync service finishes its job, and one that is stopped does not`() {
        val service = Robolectric.buildService(SyncService::class.java).create().get()
        val job = Shadow.newInstanceOf(JobParameters::class.java)
        assertTrue(service.onStartJob(job))
        val end = System.nanoTime() + 60_000_000_000
        while (!shadowOf(service).isJobFinished && System.nanoTime() < end) Thread.sleep(10)
        assertTrue(shadowOf(service).isJobFinished)
        assertTrue(service.onStopJob(job))
    }

    private fun <T : Activity> shown(screen: Class<T>): ActivityController<T> = Robolectric.buildActivity(screen).setup()

    private fun touch(view: View, action: Int, x: Float, y: Float) {
        view.dispatchTouchEvent(MotionEvent.obtain(0, 0, action, x, y, 0))
    }

    private fun views(activity: Activity): List<View> = below(activity.window.decorView)

    private fun below(view: View): List<View> =
        listOf(view) + if (view is ViewGroup) (0 until view.childCount).flatMap { below(view.getChildAt(it)) } else emptyList()

    private fun waitFor(activity: Activity, holds: (String) -> Boolean) {
        val end = System.nanoTime() + 60_000_000_000
        while (System.nanoTime() < end) {
            ShadowLooper.idleMainLooper()
            if (views(activity).filterIsInstance<TextView>().any { holds(it.text.toString()) }) return
            Thread.sleep(20)
        }
        throw AssertionError("the screen says " + views(activity).filterIsInstance<TextView>().map { it.text })
    }
}
