// Syncs as a job of Android's own scheduler, which needs no further library.
package dev.dunlin.android

import android.app.job.JobInfo
import android.app.job.JobParameters
import android.app.job.JobScheduler
import android.app.job.JobService
import android.content.ComponentName
import android.content.Context
import android.os.Build
import dev.dunlin.ConnectivityPort
import dev.dunlin.Dunlin
import dev.dunlin.SyncConditions
import dev.dunlin.SyncRun
import dev.dunlin.SyncScheduler

/**
 * Schedules one periodic job, which survives the app but not a restart of the device: schedule it at every start of the app.
 *
 * @param service the app's own [DunlinSyncService], declared in its manifest.
 * @param jobId a number that no other job of the app has.
 */
public class JobSyncScheduler(
    context: Context,
    service: Class<out DunlinSyncService>,
    private val jobId: Int = DEFAULT_JOB,
) : SyncScheduler {
    private val component = ComponentName(context, service)
    private val scheduler = context.getSystemService(Context.JOB_SCHEDULER_SERVICE) as? JobScheduler

    override fun schedule(conditions: SyncConditions) {
        scheduler?.schedule(jobOf(conditions))
    }

    override fun cancel() {
        scheduler?.cancel(jobId)
    }

    internal fun jobOf(conditions: SyncConditions): JobInfo {
        val network = if (conditions.unmetered) JobInfo.NETWORK_TYPE_UNMETERED else JobInfo.NETWORK_TYPE_ANY
        val job = JobInfo.Builder(jobId, component)
            .setPeriodic(conditions.every.inWholeMilliseconds)
            .setRequiredNetworkType(network)
            .setRequiresCharging(conditions.charging)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.O) job.setRequiresBatteryNotLow(conditions.batteryNotLow)
        return job.build()
    }

    private companion object {
        /** "dunlin" on a telephone's keys. */
        const val DEFAULT_JOB = 386_546
    }
}

/**
 * The service that the system starts; the app says which Dunlin it is, and declares it with the permission
 * `android.permission.BIND_JOB_SERVICE`. It sends by the transport of that Dunlin's [dev.dunlin.Config].
 */
public abstract class DunlinSyncService : JobService() {
    /** The app's own; asked for away from the main thread. */
    protected abstract val dunlin: Dunlin

    /** What the device is connected by. */
    protected open val connectivity: ConnectivityPort get() = AndroidConnectivity(this)

    private var run: SyncRun? = null

    override fun onStartJob(parameters: JobParameters): Boolean {
        run = SyncRun({ dunlin }, connectivity).also { it.start { again -> jobFinished(parameters, again) } }
        return true
    }

    override fun onStopJob(parameters: JobParameters): Boolean {
        run?.stop()
        return true
    }
}
