// Where log records go.
package dev.dunlin

import dev.dunlin.internal.Native
import dev.dunlin.internal.calling
import dev.dunlin.internal.uniffi.setLogSink
import dev.dunlin.internal.uniffi.LogLevel as GivenLevel
import dev.dunlin.internal.uniffi.LogSink as GivenSink

/** Takes log records. It may be called from any thread, and must not call Dunlin: that is refused. */
public fun interface LogSink {
    /** Takes one record; `target` is the part of Dunlin that speaks. No message holds a value of a user. */
    public fun log(level: LogLevel, target: String, message: String)
}

/** How much a log record matters, most first. */
public enum class LogLevel { ERROR, WARN, INFO, DEBUG, TRACE }

/** The process's one sink, and whether the app has chosen it. */
internal object Logging {
    private var isChosen = false

    @Synchronized
    fun choose(sink: LogSink?, maxLevel: LogLevel) {
        isChosen = true
        set(sink, maxLevel)
    }

    /** What the app has chosen stays. */
    @Synchronized
    fun propose(sink: LogSink, maxLevel: LogLevel) {
        if (!isChosen) set(sink, maxLevel)
    }

    private fun set(sink: LogSink?, maxLevel: LogLevel) = calling {
        Native.load()
        setLogSink(sink?.let(::guarded), GivenLevel.valueOf(maxLevel.name))
    }
}

/** There is nobody to tell what a sink throws: it was the log. Across the native frames it would end the process. */
private fun guarded(sink: LogSink) =
    object : GivenSink {
        override fun log(level: GivenLevel, target: String, message: String) {
            try {
                sink.log(LogLevel.valueOf(level.name), target, message)
            } catch (_: Throwable) {
            }
        }
    }
