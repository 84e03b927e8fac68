// What the native methods throw.
package dev.dunlin.internal

/** A failure as the native library tells it; the library makes it by this very constructor. */
internal class NativeFailure(
    val kind: Int,
    val code: String?,
    val feature: String?,
    message: String?,
) : RuntimeException(message)
