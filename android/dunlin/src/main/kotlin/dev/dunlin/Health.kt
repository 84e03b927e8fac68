// What works, what does not, since when, and what to do about it.
package dev.dunlin

/** The runtime's health at one moment. */
public data class Health(
    /** Whether nothing is degraded. */
    val ok: Boolean,
    /** The registry of models. */
    val state: Part,
    /** Predictions, labels, outcomes, events. */
    val journal: Part,
    /** What has happened and been dealt with, but should be known, newest last. */
    val notices: List<Notice>,
    /** Cumulative totals by name. */
    val counters: Map<String, Long>,
    /** The models installed. */
    val models: List<ModelHealth>,
)

/** Whether one part of the runtime does its work. */
public sealed interface Part {
    /** It does. */
    public object Ok : Part {
        override fun toString(): String = "Ok"
    }

    /** It does not, or not all of it, and why; predictions are answered all the same. */
    public data class Degraded(val notice: Notice) : Part
}

/** Something that a person should know: what, since when (microseconds since the Unix epoch), and what to do about it. */
public data class Notice(val what: String, val sinceUs: Long, val remedy: String)

/** One installed model; [slot] is `active`, `previous` or `candidate`. */
public data class ModelHealth(val modelId: String, val version: String, val sequence: Long, val slot: String?)

/** Something is the matter with what a model sees or answers. */
public data class Alarm(
    /** What is the matter, in a sentence. */
    val what: String,
    /** How sure it is, in a sentence. */
    val howSure: String,
    /** What to do about it. */
    val whatToDo: String,
    /** `drift`, `training_mismatch`, `error_rate`, `latency`, `non_finite_output`, `kernel_set_changed`, `stale`. */
    val kind: String,
    /** The feature, output or other thing concerned. */
    val subject: String,
    /** Whether somebody should act. */
    val severity: Severity,
    val modelId: String,
    val modelVersion: String,
    /** Since when, in microseconds since the Unix epoch. */
    val sinceUs: Long,
    /** When it was seen last. */
    val lastUs: Long,
    /** Windows in a row that showed it. */
    val windows: Long,
)

/** Good to know, or something that somebody should look at. */
public enum class Severity { INFORMATION, ALARM }

/** Something has changed. */
public sealed interface Event {
    /** An alarm is open; those that are open when the watching begins come first. */
    public data class AlarmOpened(val alarm: Alarm) : Event

    /** An alarm that was open is not any more. */
    public data class AlarmCleared(val alarm: Alarm) : Event

    /** The health when the watching begins; later, something works again or no more, was dealt with, or another model answers. */
    public data class HealthChanged(val health: Health) : Event
}
