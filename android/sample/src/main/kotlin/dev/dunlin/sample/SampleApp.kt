// Opens Dunlin once for the app, and asks the system to sync.
package dev.dunlin.sample

import android.app.Application
import dev.dunlin.Dunlin
import dev.dunlin.HttpTransport
import dev.dunlin.SyncConditions
import dev.dunlin.android.DunlinSyncService
import dev.dunlin.android.JobSyncScheduler

/** The app's process. */
class SampleApp : Application() {
    /** Opened when it is first asked for, away from the main thread. */
    val dunlin: Dunlin by lazy {
        Dunlin.open(this) {
            trustAsset("demo.pub")
            // The address of `dunlin serve` on the machine that runs the emulator.
            transport = HttpTransport("http://10.0.2.2:8750")
        }.also { it.installShipped("digits.dunlin") }
    }

    override fun onCreate() {
        super.onCreate()
        JobSyncScheduler(this, SyncService::class.java).schedule(SyncConditions(charging = true))
    }
}

/** Sends what waits, when the system says so. */
class SyncService : DunlinSyncService() {
    override val dunlin get() = (application as SampleApp).dunlin
}
