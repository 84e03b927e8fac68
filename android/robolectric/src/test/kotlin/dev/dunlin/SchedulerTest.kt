// The adapters to Android's scheduler, connectivity and log.
package dev.dunlin

import android.app.Application
import android.app.job.JobInfo
import android.app.job.JobScheduler
import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.util.Log
import dev.dunlin.android.AndroidConnectivity
import dev.dunlin.android.AndroidLog
import dev.dunlin.android.JobSyncScheduler
import dev.dunlin.sample.SyncService
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowLog
import org.robolectric.shadows.ShadowNetworkCapabilities
import kotlin.time.Duration.Companion.hours

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], manifest = Config.NONE, application = Application::class)
class SchedulerTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val jobs = context.getSystemService(Context.JOB_SCHEDULER_SERVICE) as JobScheduler

    @Test
    fun `the app chooses the conditions, and scheduling again replaces them`() {
        val scheduler = JobSyncScheduler(context, SyncService::class.java)
        scheduler.schedule()
        val usual = jobs.allPendingJobs.single()
        assertEquals(JobInfo.NETWORK_TYPE_UNMETERED, usual.networkType)
        assertTrue(usual.isPeriodic && usual.isRequireBatteryNotLow)
        assertFalse(usual.isRequireCharging)
        assertEquals(6.hours.inWholeMilliseconds, usual.intervalMillis)
        assertEquals(SyncService::class.java.name, usual.service.className)
        scheduler.schedule(SyncConditions(every = 2.hours, unmetered = false, charging = true, batteryNotLow = false))
        val chosen = jobs.allPendingJobs.single()
        assertEquals(JobInfo.NETWORK_TYPE_ANY, chosen.networkType)
        assertTrue(chosen.isRequireCharging && !chosen.isRequireBatteryNotLow)
        assertEquals(2.hours.inWholeMilliseconds, chosen.intervalMillis)
        scheduler.cancel()
        assertTrue(jobs.allPendingJobs.isEmpty())
    }

    @Test
    fun `a link that costs money is metered, and none is none`() {
        val manager = context.getSystemService(Context.CONNECTIVITY_SERVICE) as ConnectivityManager
        val connectivity = AndroidConnectivity(context)
        val capabilities = ShadowNetworkCapabilities.newInstance()
        shadowOf(manager).setNetworkCapabilities(manager.activeNetwork, capabilities)
        shadowOf(capabilities).removeCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED)
        shadowOf(capabilities).addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
        assertEquals(Link.METERED, connectivity.link())
        shadowOf(capabilities).addCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED)
        assertEquals(Link.UNMETERED, connectivity.link())
        shadowOf(capabilities).removeCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
        assertNull(connectivity.link())
        shadowOf(manager).setDefaultNetworkActive(false)
        shadowOf(manager).setActiveNetworkInfo(null)
        assertNull(connectivity.link())
    }

    @Test
    fun `log records reach Android's log under a tag that every version takes`() {
        AndroidLog.log(LogLevel.WARN, "dunlin::journal::writer::and::more", "the disk is full")
        val logged = ShadowLog.getLogs().last { it.msg == "the disk is full" }
        assertEquals(Log.WARN, logged.type)
        assertEquals("dunlin.journal.writer.a", logged.tag)
    }
}
