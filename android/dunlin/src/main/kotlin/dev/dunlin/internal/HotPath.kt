// Predicts through two buffers that are used again and again.
package dev.dunlin.internal

import dev.dunlin.Prediction
import dev.dunlin.Record
import dev.dunlin.internal.uniffi.Session

/** The fast way of one session; calls from several threads wait for each other. */
internal class HotPath(private val session: Session) {
    private val handle = session.handle().toLong()
    val features = session.features()
    private val packer = Packer(features)
    private val reader = AnswerReader(session.outputs())
    private val answer = direct(session.maxAnswerBytes().toInt())

    /** Answers a record; null where it does not fit the schema, and must take the other way. */
    @Synchronized
    fun predict(subject: String?, record: Record): Prediction? {
        val length = packer.pack(record)
        if (length < 0) return null
        if (subject == null) {
            Native.predict(handle, packer.buffer, 0, length, answer, 0, answer.capacity())
        } else {
            Native.predictFor(handle, subject, packer.buffer, 0, length, answer, 0, answer.capacity())
        }
        return reader.read(answer, session::takeFallback)
    }
}
