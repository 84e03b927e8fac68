package dev.dunlin.internal;

/** What a native method throws, as the SDK for Kotlin declares it. */
final class NativeFailure extends RuntimeException {
    final int kind;
    final String code;
    final String feature;

    NativeFailure(int kind, String code, String feature, String message) {
        super(message);
        this.kind = kind;
        this.code = code;
        this.feature = feature;
    }
}
