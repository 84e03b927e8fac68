// The native library's hot path. The library registers these methods when it is loaded.
package dev.dunlin.internal

import java.nio.ByteBuffer

/**
 * Predicts over direct buffers; everything else goes through the generated surface. docs/sdk.md tells how they are packed.
 * (None of these is a `@FastNative`: a garbage collection would wait for the prediction under way.)
 */
internal object Native {
    init {
        System.loadLibrary("dunlin")
    }

    /** Loads the library where that has not happened yet. */
    fun load() = Unit

    /**
     * Lends a session the buffers that it predicts through, in the place of any before: records are read from the start of the
     * one, answers written to the start of the other. The session keeps both until others take their place or it is closed;
     * nobody may touch them during one of its calls.
     *
     * @throws NativeFailure saying what is wrong: not direct, read-only, overlapping, or too short for an answer.
     */
    @JvmStatic
    external fun lend(session: Long, record: ByteBuffer, answer: ByteBuffer)

    /**
     * Answers the packed record in the first `length` bytes of the lent buffer, and returns how many bytes the answer takes.
     *
     * @throws NativeFailure saying what is wrong.
     */
    @JvmStatic
    external fun predict(session: Long, length: Int): Int

    /** The same for one record of many: where they come faster than the journal can write, this waits. */
    @JvmStatic
    external fun predictPatiently(session: Long, length: Int): Int

    /** [predict] for a person who may ask to be forgotten. */
    @JvmStatic
    external fun predictFor(session: Long, subject: String, length: Int): Int
}
