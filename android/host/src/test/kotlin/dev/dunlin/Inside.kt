// Looks behind the facade, for tests of the native method itself.
package dev.dunlin

import dev.dunlin.internal.Packer
import java.nio.ByteBuffer
import dev.dunlin.internal.uniffi.Session as Generated

fun generated(session: Session): Generated =
    Session::class.java.getDeclaredField("session").apply { isAccessible = true }.get(session) as Generated

internal fun sessionFeatures(session: Session) = generated(session).features()

fun handleOf(session: Session): Long = generated(session).handle().toLong()

/** A packed record and its length. */
fun packed(session: Session, record: Record): Pair<ByteBuffer, Int> {
    val packer = Packer(sessionFeatures(session))
    val length = packer.pack(record)
    return packer.buffer to length
}
