// What an installation came to.
package dev.dunlin

/** A bundle that passed every check. */
public data class InstallReport(
    val outcome: InstallOutcome,
    val modelId: String,
    /** Version for people. */
    val version: String,
    /** Version for machines. */
    val sequence: Long,
    /** SHA-256 of the manifest, which names everything in the bundle. */
    val digest: String,
    /** Name of the key that signed it. */
    val signer: String,
    /** Cases of its golden set that this device answered as it should; 0 where nothing changed and none was run. */
    val goldenCases: Long,
)

/** What an installation came to. */
public enum class InstallOutcome {
    /** The bundle is the active one of its model. */
    ACTIVATED,

    /** This very bundle is the active one, or the candidate, already. */
    ALREADY_INSTALLED,

    /** This very bundle is the active one, its installed copy was damaged or gone, and has been replaced. */
    REPAIRED,

    /** The app ships with an older one than was accepted before, or with one that was thrown out: what is active stays. */
    PASSED_OVER,

    /** The bundle answers for as long as the runtime is open; the folder cannot be written, and health says why. */
    HELD_IN_MEMORY,

    /** The bundle is the candidate of its model: it watches, and the active one answers. */
    CANDIDATE,
}
