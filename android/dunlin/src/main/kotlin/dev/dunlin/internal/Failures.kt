// The one place where what the native library tells becomes the library's exception.
package dev.dunlin.internal

import dev.dunlin.DunlinException
import dev.dunlin.internal.uniffi.InternalException
import java.nio.charset.CharacterCodingException
import java.util.concurrent.CancellationException
import dev.dunlin.internal.uniffi.DunlinException as Told

/** Runs a call of the native library; what it throws is a [DunlinException]. */
internal inline fun <T> calling(call: () -> T): T =
    try {
        call()
    } catch (failure: Exception) {
        throw exceptionOf(failure)
    }

/**
 * What does not come from the native library stays what it is. A generated object that was let go is an illegal state to its methods.
 */
internal fun exceptionOf(failure: Exception): Exception =
    when (failure) {
        is Told -> of(failure)
        is NativeFailure -> of(failure)
        is CharacterCodingException -> DunlinException.InvalidArgument(HALF_A_PAIR, failure)
        is CancellationException -> failure
        is IllegalStateException -> DunlinException.Closed("this has been closed; open it again")
        is InternalException -> DunlinException.Internal(failure.message ?: "the library met a defect", failure)
        else -> failure
    }

private fun of(told: Told): DunlinException =
    when (told) {
        is Told.Record -> DunlinException.Record(told.code, told.feature, told.explanation)
        is Told.Refused -> DunlinException.Refused(told.code, told.explanation)
        is Told.NotInstalled -> DunlinException.NotInstalled(told.modelId, told.explanation)
        is Told.Model -> DunlinException.Model(told.code, told.explanation)
        is Told.Storage -> DunlinException.Storage(told.explanation)
        is Told.Fallback -> DunlinException.Fallback(told.explanation)
        is Told.Closed -> DunlinException.Closed(told.explanation)
        is Told.InvalidArgument -> DunlinException.InvalidArgument(told.explanation)
        is Told.Busy -> DunlinException.Busy(told.explanation)
        is Told.Internal -> DunlinException.Internal(told.explanation)
        is Told.Update -> DunlinException.Update(told.code, told.explanation)
    }

/** The numbers are those of `DunlinError::kind`. Predicting meets only some of them. */
private fun of(failure: NativeFailure): DunlinException {
    val message = failure.message ?: "no message"
    val code = failure.code ?: "unknown"
    return when (failure.kind) {
        1 -> DunlinException.Record(code, failure.feature, message)
        2 -> DunlinException.Refused(code, message)
        4 -> DunlinException.Model(code, message)
        5 -> DunlinException.Storage(message)
        6 -> DunlinException.Fallback(message)
        7 -> DunlinException.Closed(message)
        8 -> DunlinException.InvalidArgument(message)
        9 -> DunlinException.Busy(message)
        else -> DunlinException.Internal(message)
    }
}

internal const val HALF_A_PAIR: String =
    "a text holds half of a surrogate pair, which no UTF-8 can say; it was cut in the middle of a character"
