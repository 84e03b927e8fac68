// The native library's hot path. The library registers these methods when it is loaded.
package dev.dunlin.internal

import java.nio.ByteBuffer

/** Predicts over direct buffers; everything else goes through the generated surface. docs/sdk.md tells how they are packed. */
internal object Native {
    init {
        System.loadLibrary("dunlin")
    }

    /** Loads the library where that has not happened yet. */
    fun load() = Unit

    /**
     * Answers the packed record at `offset` into the answer's buffer, and returns how many bytes the answer takes.
     *
     * @throws NativeFailure saying what is wrong.
     */
    @JvmStatic
    external fun predict(
        session: Long,
        record: ByteBuffer,
        offset: Int,
        length: Int,
        answer: ByteBuffer,
        answerOffset: Int,
        answerLength: Int,
    ): Int

    /** The same for a person who may ask to be forgotten. */
    @JvmStatic
    external fun predictFor(
        session: Long,
        subject: String,
        record: ByteBuffer,
        offset: Int,
        length: Int,
        answer: ByteBuffer,
        answerOffset: Int,
        answerLength: Int,
    ): Int
}
