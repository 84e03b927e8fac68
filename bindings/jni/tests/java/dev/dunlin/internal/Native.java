package dev.dunlin.internal;

import java.nio.ByteBuffer;

/** The native methods, as the SDK for Kotlin declares them. */
final class Native {
    private Native() {}

    static native int predict(
            long session, ByteBuffer record, int offset, int length, ByteBuffer answer, int answerOffset, int answerLength);

    static native int predictFor(
            long session, String subject, ByteBuffer record, int offset, int length,
            ByteBuffer answer, int answerOffset, int answerLength);
}
