// Texts on their way to the library, and failures on their way to the log.
package dev.dunlin.internal

import dev.dunlin.DunlinException
import java.io.IOException

/** The JVM's own string conversion would replace half of a pair without a word. */
internal fun refuseHalfPairs(text: String) {
    var at = 0
    while (at < text.length) {
        val isPair = text[at].isHighSurrogate() && at + 1 < text.length && text[at + 1].isLowSurrogate()
        if (!isPair && text[at].isSurrogate()) throw DunlinException.InvalidArgument(HALF_A_PAIR)
        at += if (isPair) 2 else 1
    }
}

/** What failed, for a log: the kind of failure, and its own words where it is one of the network's. */
internal fun reasonOf(failure: Throwable): String {
    val name = failure.javaClass.simpleName
    return if (failure is IOException) "$name: ${failure.message}" else "the app's transport threw $name"
}
