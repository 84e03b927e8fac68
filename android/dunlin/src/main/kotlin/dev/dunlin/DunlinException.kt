// The one exception of the library.
package dev.dunlin

/**
 * Why a call did not do what it was asked to. Each message names the culprit and says what to do, and holds no value of a user.
 */
public sealed class DunlinException(message: String, cause: Throwable? = null) : Exception(message, cause) {
    /** The record is refused: [code] is a short name (`missing`, `wrong_type`, `out_of_domain`), [feature] the one at fault. */
    public class Record(public val code: String, public val feature: String?, message: String) : DunlinException(message)

    /** A bundle, or a change of who answers, is refused (`unknown_signer`, `older`, `no_candidate`); what was active stays active. */
    public class Refused(public val code: String, message: String) : DunlinException(message)

    /** No model of this name is installed. */
    public class NotInstalled(public val modelId: String, message: String) : DunlinException(message)

    /** The model cannot be loaded, or its engine failed. */
    public class Model(public val code: String, message: String) : DunlinException(message)

    /** The folder, or one of its databases, cannot be read or written. */
    public class Storage(message: String) : DunlinException(message)

    /** What came back for a fallback request is no answer; the device's own answer stands. */
    public class Fallback(message: String) : DunlinException(message)

    /** The runtime or the session has been closed. */
    public class Closed(message: String) : DunlinException(message)

    /** The call itself is wrong; the message says what would be right. */
    public class InvalidArgument(message: String, cause: Throwable? = null) : DunlinException(message, cause)

    /** Another call is inside. Kotlin's calls wait for each other instead, so this is never seen. */
    public class Busy(message: String) : DunlinException(message)

    /** A defect of Dunlin, stopped before it could reach the app. */
    public class Internal(message: String, cause: Throwable? = null) : DunlinException(message, cause)

    /** The update channel could not be followed to its end (`no_answer`, `status`, `expired`); the present models answer on. */
    public class Update(public val code: String, message: String) : DunlinException(message)
}
