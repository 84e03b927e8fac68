package dev.dunlin.internal;

import java.nio.ByteBuffer;

/** The native methods, as the SDK for Kotlin declares them. */
final class Native {
    private Native() {}

    static native void lend(long session, ByteBuffer record, ByteBuffer answer);

    static native int predict(long session, int length);

    static native int predictFor(long session, String subject, int length);

    static native int predictPatiently(long session, int length);
}
