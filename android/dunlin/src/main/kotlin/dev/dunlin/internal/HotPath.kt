// Predicts through two buffers that are used again and again.
package dev.dunlin.internal

import dev.dunlin.Prediction
import dev.dunlin.Record
import dev.dunlin.internal.uniffi.Session
import java.nio.ByteBuffer

/** Who asks for an answer. */
internal sealed interface Asking {
    /** Somebody who must not be kept waiting. */
    data object Live : Asking

    /** The same, for a person who may ask to be forgotten. */
    class For(val subject: String) : Asking

    /** Somebody with many records, who waits for the journal. */
    data object InBatch : Asking
}

/** The fast way of one session; calls from several threads wait for each other. */
internal class HotPath(private val session: Session) {
    private val handle = session.handle().toLong()
    val features = session.features()
    private val packer = Packer(features)
    private val reader = AnswerReader(session.outputs())
    private val answer = direct(session.maxAnswerBytes().toInt())

    /** The record's buffer that the session was lent beside the answer's; it keeps both until it is closed. */
    private var lent: ByteBuffer? = null

    /** Answers a record; null where it does not fit the schema, and must take the other way. */
    @Synchronized
    fun predict(asking: Asking, record: Record): Prediction? {
        val length = packer.pack(record)
        if (length < 0) return null
        lend()
        when (asking) {
            Asking.Live -> Native.predict(handle, length)
            is Asking.For -> Native.predictFor(handle, asking.subject, length)
            Asking.InBatch -> Native.predictPatiently(handle, length)
        }
        return reader.read(answer, session::takeFallback)
    }

    /** A record that is longer than any before is in a new buffer. */
    private fun lend() {
        val record = packer.buffer
        if (record === lent) return
        Native.lend(handle, record, answer)
        lent = record
    }
}
