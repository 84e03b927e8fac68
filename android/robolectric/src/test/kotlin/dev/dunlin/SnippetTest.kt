// The lines of docs/sdk-android.md and README.md as they stand: compiled, run, and compared.
package dev.dunlin

import android.app.Application
import android.app.job.JobScheduler
import android.content.Context
import dev.dunlin.android.DunlinSyncService
import dev.dunlin.android.JobSyncScheduler
import dev.dunlin.sample.Point
import dev.dunlin.sample.Strokes
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import java.io.File

/** The service that the lines name. */
class MySyncService : DunlinSyncService() {
    override val dunlin get() = error("not started here")
}

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], manifest = Config.NONE, application = Application::class)
class SnippetTest {
    private val context: Context = RuntimeEnvironment.getApplication().also(::addAssets)
    private val levels = Strokes().apply {
        begin(Point(0f, 0f))
        listOf(Point(60f, 0f), Point(20f, 100f)).forEach(::move)
    }.toLevels()
    private val shown = mutableListOf<String>()

    private fun show(text: String) {
        shown += text
    }

    @Test
    fun `the lines of the documents run as they stand`() {
        // snippet
        val dunlin = Dunlin.open(context) { trustAsset("demo.pub") }
        dunlin.installShipped("digits.dunlin")
        val session = dunlin.session("digits")
        val prediction = session.predict(record { tensor("image", levels) })
        when (prediction.verdict) {
            is Verdict.Accept -> show("This is a ${prediction.chosenClass?.name}")
            is Verdict.Abstain -> show("I am not sure; please say what it is")
        }
        dunlin.label(prediction.id, "7")
        JobSyncScheduler(context, MySyncService::class.java).schedule(SyncConditions(unmetered = true, charging = true))
        // end
        assertEquals(listOf("This is a 7"), shown)
        assertTrue(File(context.noBackupFilesDir, "dunlin").isDirectory)
        assertEquals(1, (context.getSystemService(Context.JOB_SCHEDULER_SERVICE) as JobScheduler).allPendingJobs.size)
        dunlin.close()
    }

    @Test
    fun `the documents show the lines that were run`() {
        val root = File(System.getenv("DUNLIN_ROOT"))
        val own = File(root, "android/robolectric/src/test/kotlin/dev/dunlin/SnippetTest.kt").readText()
        val run = own.substringAfter("// snippet\n").substringBefore("        // end").trimIndent().trim()
        assertTrue(run.lines().size in 8..12)
        val shown = File(root, "docs/sdk-android.md").readText().substringAfter("```kotlin\n").substringBefore("\n```")
        assertEquals(run, shown)
        val readme = File(root, "README.md").readText()
        if ("Dunlin.open(context)" in readme) assertTrue("README.md shows other lines", run in readme)
    }
}
