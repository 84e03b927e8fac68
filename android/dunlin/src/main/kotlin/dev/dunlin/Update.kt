// Following the update channel: what the app decides, and what came of it.
package dev.dunlin

/** Which channel is followed, and what it may cost. */
public class UpdatePolicy(
    /** The channel's root that ships with the app: the bytes of `root/N.json`. */
    public val root: ByteArray,
    /** Name of the channel, such as `stable`. */
    public val channel: String,
    /** Whether bundles are fetched over a metered link too. What is recalled is heard of over any link. */
    public val overMetered: Boolean? = null,
    /** Largest bundle that is fetched. */
    public val maxBytes: Long? = null,
    /** Models that the device should have, besides those installed. */
    public val models: List<String>? = null,
)

/** What one call of `update` found and did. */
public data class UpdateReport(
    /** Version of the root that is believed. */
    val rootVersion: Long,
    /** Version of the channel. */
    val channelVersion: Long,
    /** Bytes of the answers, metadata included. */
    val bytes: Long,
    /** Each model, by name. */
    val models: List<ModelUpdate>,
)

/** What the channel meant for a model. */
public data class ModelUpdate(
    val modelId: String,
    /** What became of it. */
    val outcome: UpdateOutcome,
    /** Version of the release that this is about, where there is one. */
    val version: String?,
    /** Why it was not taken. */
    val why: String?,
    /** Bundles that were recalled and are gone: their versions, and why. */
    val recalled: List<String>,
)

/** What became of a model in an update. */
public enum class UpdateOutcome {
    /** Nothing is to be taken. */
    CURRENT,

    /** A release was installed, and watches. */
    CANDIDATE,

    /** A release was installed, and answers: the model had no other. */
    ACTIVATED,

    /** A release is to be taken later: over another link, say. */
    WAITING,

    /** A release was fetched and is not taken here. */
    REFUSED,
}
