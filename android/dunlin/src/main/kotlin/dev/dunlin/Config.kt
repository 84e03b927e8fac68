// What the app decides when it opens Dunlin.
package dev.dunlin

import dev.dunlin.internal.readAsset
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** Opens a file that the app ships with, by its name. */
public fun interface Assets {
    /** Opens it for reading from its start. */
    @Throws(java.io.IOException::class)
    public fun open(name: String): java.io.InputStream
}

/** Whom the app trusts, how Dunlin remembers, and how it sends. What is left out is as the runtime's own default. */
public class Config internal constructor(private val assets: Assets) {
    /** The keys whose signatures count. */
    public val keys: MutableList<TrustedKey> = mutableListOf()

    /** How uploads and the fallback are sent; nothing is without one. `sync` may be given another. */
    public var transport: Transport? = null

    /** How soon rows reach the disk; batched unless set. */
    public var durability: Durability? = null

    /** How long rows stay. */
    public var retention: Retention? = null

    /** How large the monitor's windows are. */
    public var monitor: MonitorWindow? = null

    /** When a prediction may ask a larger model elsewhere; never unless set. */
    public var fallback: FallbackPolicy? = null

    /** Who answers where a model abstains, by the model's name, in place of what its bundle declares. */
    public val fallbackChains: MutableMap<String, List<FallbackStep>> = mutableMapOf()

    /** How a new version of a model is tried beside the proven one. */
    public var trial: TrialPolicy? = null

    /** Which bundles the app admits, as the JSON text of its policy; all unless set. */
    public var admission: String? = null

    /** Which update channel `update` follows; none unless set. */
    public var updates: UpdatePolicy? = null

    /** How often a flow of events looks for news. */
    public var eventInterval: Duration = 30.seconds

    /** How long one request of a sync or an update may take; after that it counts as not answered. */
    public var uploadTimeout: Duration = 60.seconds

    /** Trusts bundles that the key in an asset signed: a minisign `.pub` file, under its name without the extension. */
    public fun trustAsset(asset: String) {
        keys += TrustedKey(asset.substringAfterLast('/').removeSuffix(".pub"), String(assets.readAsset(asset), Charsets.UTF_8))
    }
}

/** A key whose signatures count: a name that reports repeat, and the text of a minisign `.pub` file, or its second line. */
public data class TrustedKey(val name: String, val publicKey: String)

/** When a row is on the disk. */
public sealed interface Durability {
    /** Soon after a prediction has returned, which never waits for the disk: after [maxDelay], or when [maxRows] wait. */
    public data class Batched(val maxDelay: Duration, val maxRows: Int) : Durability

    /** Before a prediction returns, also after a power cut. */
    public object Sync : Durability
}

/** What the journal may hold; the oldest predictions go first. */
public data class Retention(val maxRows: Long? = null, val maxBytes: Long? = null, val maxAge: Duration? = null)

/** When a window of the monitor closes: after so many records of one model version, or so long after its first. */
public data class MonitorWindow(val rows: Long? = null, val time: Duration? = null)

/** When a prediction may ask a larger model elsewhere, and with what. */
public data class FallbackPolicy(
    /** The reasons of abstention that may ask. */
    val askOn: List<AskOn>? = null,
    /** Ask also when the baseline answered in the model's place. */
    val askOverBaseline: Boolean? = null,
    /** The features that may leave, of those that the schema lets leave; all of them if left out. */
    val features: List<String>? = null,
    /** How long an answer is waited for. */
    val deadline: Duration? = null,
    /** Requests a day. */
    val requestsADay: Int? = null,
    /** Failures in a row after which nothing is asked for a while. */
    val failures: Int? = null,
    /** For how long nothing is asked then. */
    val openFor: Duration? = null,
)

/** A reason of abstention that may ask. */
public enum class AskOn { LOW_CONFIDENCE, FAR_FROM_REFERENCE, OUT_OF_RANGE, NON_FINITE }

/** Somebody who may answer where a model abstains. */
public enum class FallbackStep {
    /** The version before the active one, where the device still has it. */
    PREVIOUS,

    /** The bundle's baseline, where it has one. */
    BASELINE,

    /** A larger model elsewhere, where the policy lets it be asked; beside the answer, whatever its place. */
    CLOUD,
}
