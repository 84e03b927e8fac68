// One folder, its models, its journal: where everything starts.
package dev.dunlin

import android.content.Context
import dev.dunlin.android.AndroidLog
import dev.dunlin.internal.Native
import dev.dunlin.internal.Syncing
import dev.dunlin.internal.Watch
import dev.dunlin.internal.alarmOf
import dev.dunlin.internal.calling
import dev.dunlin.internal.copy
import dev.dunlin.internal.given
import dev.dunlin.internal.healthOf
import dev.dunlin.internal.installReportOf
import dev.dunlin.internal.nextUploadOf
import dev.dunlin.internal.reportedOf
import dev.dunlin.internal.switchOf
import dev.dunlin.internal.syncReportOf
import dev.dunlin.internal.trialReportOf
import dev.dunlin.internal.updateReportOf
import dev.dunlin.internal.uniffi.Runtime
import dev.dunlin.internal.uniffi.Scalar
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.map
import java.io.File
import java.util.concurrent.atomic.AtomicBoolean
import dev.dunlin.internal.uniffi.Link as GivenLink

/**
 * An open folder. Any thread may call; functions that do not suspend return soon, but read or write files, so call them away
 * from the main thread. Open one for the app and keep it; [close] is for tests and for leaving for good.
 */
public class Dunlin private constructor(
    private val runtime: Runtime,
    private val folder: File,
    private val assets: Assets,
    private val config: Config,
    dispatcher: CoroutineDispatcher,
) : AutoCloseable {
    private val scope = CoroutineScope(SupervisorJob() + dispatcher)
    private val syncing = Syncing(scope, config.transport, config.uploadTimeout)
    private val watch = Watch(this, config.eventInterval, dispatcher)
    private val closed = AtomicBoolean()

    /**
     * What changes, beginning with what is: the health, and every alarm that is open. Looks every [Config.eventInterval] and
     * after each installation and sync; ends when this is closed.
     */
    public fun events(): Flow<Event> = watch.events

    /** The health now and whenever it changes; ends when this is closed. Counters, which move all the time, are no change. */
    public fun healthChanges(): Flow<Health> = watch.events.filterIsInstance<Event.HealthChanged>().map { it.health }

    /**
     * Installs a bundle that came from outside, after every check. It answers in sessions opened from now on.
     *
     * @throws DunlinException.Refused naming what is wrong; the model that was active stays active.
     */
    public fun install(bundle: File): InstallReport = changing { installReportOf(runtime.install(bundle.path)) }

    /**
     * Installs the bundle that the app ships with as an asset; to be called at every start. One that is older than what was
     * ever accepted is passed over.
     *
     * @throws DunlinException.Refused as [install].
     */
    public fun installShipped(asset: String): InstallReport {
        val file = assets.copy(asset, File(folder.parentFile, "${folder.name}-shipped"))
        try {
            return installShipped(file)
        } finally {
            file.delete()
        }
    }

    /**
     * The same for a bundle in a file.
     *
     * @throws DunlinException.Refused as [install].
     */
    public fun installShipped(bundle: File): InstallReport =
        changing { installReportOf(runtime.installShipped(bundle.path)) }

    /**
     * Installs a bundle to be tried: after every check it becomes the candidate of its model, and watches in sessions opened
     * from now on; what they see decides on it. The first bundle of a model becomes the active one.
     *
     * @throws DunlinException.Refused as [install].
     */
    public fun installCandidate(bundle: File): InstallReport =
        changing { installReportOf(runtime.installCandidate(bundle.path)) }

    /**
     * Makes a model's candidate the active one by hand; its trial goes on with the roles exchanged.
     *
     * @throws DunlinException.Refused (`no_candidate`) where there is none.
     */
    public fun activate(modelId: String): Switch = changing { switchOf(runtime.activate(modelId)) }

    /**
     * Throws a model's active version out by hand: the previous one answers from now on, also in sessions that are open, and
     * neither that sequence nor a lower one is taken again here.
     *
     * @throws DunlinException.Refused (`no_previous`) where there is none to go back to.
     */
    public fun rollback(modelId: String): Switch = changing { switchOf(runtime.rollback(modelId)) }

    /**
     * Throws a model's candidate out by hand.
     *
     * @throws DunlinException.Refused (`no_candidate`) where there is none.
     */
    public fun reject(modelId: String): Switch = changing { switchOf(runtime.reject(modelId)) }

    /** How the trials stand that are on, by model. */
    public fun trials(): List<TrialReport> = calling { runtime.trials().map(::trialReportOf) }

    /**
     * A session of a model's active version.
     *
     * @throws DunlinException.NotInstalled where no model has this name, [DunlinException.Model] where it cannot be loaded.
     */
    public fun session(modelId: String): Session = calling { Session(runtime.session(modelId), modelId, config.transport, scope) }

    /**
     * Says what was right: the name of the class, for a classification. The last label of a prediction stands.
     *
     * @throws DunlinException.InvalidArgument where the id is none, [DunlinException.Storage] where the label is lost.
     */
    public fun label(id: Long, value: String): Unit = label(id, Scalar.Text(value))

    /** The same for a number. */
    public fun label(id: Long, value: Double): Unit = label(id, Scalar.Number(value))

    /** The same for a whole number. */
    public fun label(id: Long, value: Long): Unit = label(id, Scalar.Integer(value))

    /** The same for true or false. */
    public fun label(id: Long, value: Boolean): Unit = label(id, Scalar.Boolean(value))

    /**
     * Says what came of a prediction, under a name of the app's choosing. The last value of a name stands.
     *
     * @throws DunlinException.InvalidArgument as [label], and where the name is too long.
     */
    public fun outcome(id: Long, name: String, value: String): Unit = outcome(id, name, Scalar.Text(value))

    /** The same for a number. */
    public fun outcome(id: Long, name: String, value: Double): Unit = outcome(id, name, Scalar.Number(value))

    /** The same for a whole number. */
    public fun outcome(id: Long, name: String, value: Long): Unit = outcome(id, name, Scalar.Integer(value))

    /** The same for true or false. */
    public fun outcome(id: Long, name: String, value: Boolean): Unit = outcome(id, name, Scalar.Boolean(value))

    /** Deletes every prediction made for a person, and tells how many there were. */
    public fun forget(subject: String): Long = calling { runtime.forget(subject).toLong() }

    /** What works, what does not, since when, and what to do about it. */
    public fun health(): Health = calling { healthOf(runtime.health()) }

    /** The alarms that are open, oldest first. */
    public fun alarms(): List<Alarm> = calling { runtime.alarms().map(::alarmOf) }

    /** Does what is due by the clock. Whoever collects [events] need not. */
    public fun tick(): Unit = calling { runtime.tick() }

    /**
     * Sends what waits, until nothing may be sent for now. What could not be sent is no error: the report tells of it, and
     * nothing is lost. A caller that is cancelled returns at once; the request under way is the last.
     *
     * @param transport how; that of the [Config] if left out.
     * @throws DunlinException.Storage where the journal cannot be read, [DunlinException.InvalidArgument] without any transport.
     */
    public suspend fun sync(link: Link, transport: Transport? = null): SyncReport =
        syncing.send(transport) { syncReportOf(runtime.sync(it, GivenLink.valueOf(link.name))) }.also { watch.look() }

    /**
     * Follows the update channel of the [Config] once: what is recalled goes, and the newest release that this device may take
     * is fetched, verified and installed as a candidate, or as the active bundle where its model has none. A caller that is
     * cancelled returns at once; what was fetched is kept, and the next call goes on from there.
     *
     * @param transport how; that of the [Config] if left out.
     * @throws DunlinException.Update saying what stood in the way; the present models answer on.
     * @throws DunlinException.InvalidArgument where no channel is configured, or without any transport.
     */
    public suspend fun update(link: Link, transport: Transport? = null): UpdateReport =
        syncing.send(transport) { updateReportOf(runtime.update(it, GivenLink.valueOf(link.name))) }.also { watch.look() }

    /** Whether there is anything to update from. */
    internal val followsChannel: Boolean get() = config.updates != null

    /**
     * What is to be sent now, for an app that sends in its own time.
     *
     * @throws DunlinException.Storage where nothing may be sent, since the attempt cannot be noted.
     */
    public fun nextUpload(link: Link): NextUpload = calling { nextUploadOf(runtime.nextUpload(GivenLink.valueOf(link.name))) }

    /**
     * Takes in what came of an upload.
     *
     * @throws DunlinException.Storage where that cannot be noted: it is then sent again, and the receiver counts it once.
     */
    public fun reportUpload(id: String, delivery: Delivery): Reported =
        calling { reportedOf(runtime.reportUpload(id, delivery.given())) }

    /** Forgets every wait and pause of uploading: a new token, another network. */
    public fun resumeUploads(): Unit = calling { runtime.resumeUploads() }

    /** Writes everything so far and forces it to the disk. */
    public fun flush(): Unit = calling { runtime.flush() }

    /** Writes everything and gives the folder's lock back: before the system freezes the app. The next prediction takes it again. */
    public fun suspend(): Unit = calling { runtime.suspend() }

    /** Closes the sessions, writes everything and closes the folder. Every later call throws [DunlinException.Closed]; twice is once. */
    override fun close() {
        if (!closed.compareAndSet(false, true)) return
        try {
            calling { runtime.use { it.shutDown() } }
        } finally {
            watch.look()
        }
    }

    private fun label(id: Long, value: Scalar) = calling { runtime.label(id, value) }

    private fun outcome(id: Long, name: String, value: Scalar) = calling { runtime.outcome(id, name, value) }

    private inline fun <T> changing(change: () -> T): T = calling(change).also { watch.look() }

    public companion object {
        /**
         * Opens the app's own folder, below `noBackupFilesDir`: what a device has seen belongs to that device. Keys and models
         * come from the app's assets. Warnings go to Android's log, unless [setLogSink] was called before. Nothing that Dunlin
         * meets on the device makes it fail: [health] tells.
         *
         * @throws DunlinException.InvalidArgument where the text of a trusted key is none.
         */
        @JvmStatic
        public fun open(context: Context, configure: Config.() -> Unit): Dunlin {
            val app = context.applicationContext ?: context
            Logging.propose(AndroidLog, LogLevel.WARN)
            return open(File(app.noBackupFilesDir, "dunlin"), { name -> app.assets.open(name) }, configure = configure)
        }

        /** Sends what Dunlin logs from now on, in the whole process, to a sink, up to a level; null: nowhere. */
        @JvmStatic
        @JvmOverloads
        public fun setLogSink(sink: LogSink?, maxLevel: LogLevel = LogLevel.WARN): Unit = Logging.choose(sink, maxLevel)

        /** Opens a folder of the app's choosing, made if it is not there. */
        @JvmStatic
        @JvmOverloads
        public fun open(
            folder: File,
            assets: Assets,
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
            configure: Config.() -> Unit,
        ): Dunlin {
            val config = Config(assets).apply(configure)
            val given = config.given(folder.absoluteFile)
            return calling {
                Native.load()
                Dunlin(Runtime.open(given), folder.absoluteFile, assets, config, dispatcher)
            }
        }
    }
}
