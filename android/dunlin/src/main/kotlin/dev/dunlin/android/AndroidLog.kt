// Dunlin's log records in Android's log.
package dev.dunlin.android

import android.util.Log
import dev.dunlin.LogLevel
import dev.dunlin.LogSink

/** Writes to Android's log, with the part of Dunlin that speaks as the tag. */
public object AndroidLog : LogSink {
    override fun log(level: LogLevel, target: String, message: String) {
        Log.println(priorityOf(level), tagOf(target), message)
    }

    private fun priorityOf(level: LogLevel): Int =
        when (level) {
            LogLevel.ERROR -> Log.ERROR
            LogLevel.WARN -> Log.WARN
            LogLevel.INFO -> Log.INFO
            LogLevel.DEBUG -> Log.DEBUG
            LogLevel.TRACE -> Log.VERBOSE
        }

    /** Before Android 8 a longer tag is refused. */
    internal fun tagOf(target: String): String = target.replace("::", ".").take(MAX_TAG)

    private const val MAX_TAG = 23
}
