package dev.dunlin.internal;

import java.nio.ByteBuffer;

/** Calls of the native methods, right and wrong, and how long they take. */
final class Calls {
    private Calls() {}

    private interface Call {
        int run();
    }

    static ByteBuffer direct(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length);
        buffer.duplicate().put(bytes);
        return buffer;
    }

    /** The packed answer, written behind some bytes that must stay as they are. */
    static byte[] predict(long session, String subject, byte[] record, int answerBytes) {
        ByteBuffer answer = ByteBuffer.allocateDirect(answerBytes + 7);
        // The position means nothing.
        answer.position(3);
        int written = subject == null
                ? Native.predict(session, direct(record), 0, record.length, answer, 7, answerBytes)
                : Native.predictFor(session, subject, direct(record), 0, record.length, answer, 7, answerBytes);
        byte[] taken = new byte[written];
        for (int i = 0; i < 7; i++) {
            if (answer.get(i) != 0) throw new AssertionError("a byte before the answer was written");
        }
        answer.position(7);
        answer.get(taken);
        return taken;
    }

    /** What a call throws, as "kind code feature message". */
    private static String thrown(Call call) {
        try {
            return "nothing, but " + call.run();
        } catch (NativeFailure failure) {
            return failure.kind + " " + failure.code + " " + failure.feature + " " + failure.getMessage();
        }
    }

    /** What each wrong call throws, a line each. */
    static String wrong(long session, long closed, byte[] record, byte[] refused, int answerBytes) {
        ByteBuffer from = direct(record);
        ByteBuffer into = ByteBuffer.allocateDirect(answerBytes);
        int n = record.length;
        ByteBuffer both = ByteBuffer.allocateDirect(n + answerBytes);
        String[] lines = {
            thrown(() -> Native.predict(session, ByteBuffer.wrap(record), 0, n, into, 0, answerBytes)),
            thrown(() -> Native.predict(session, from, 0, n, ByteBuffer.allocate(answerBytes), 0, answerBytes)),
            thrown(() -> Native.predict(session, from, 0, n, into.asReadOnlyBuffer(), 0, answerBytes)),
            thrown(() -> Native.predict(session, null, 0, n, into, 0, answerBytes)),
            thrown(() -> Native.predict(session, from, 0, n, null, 0, answerBytes)),
            thrown(() -> Native.predict(session, from, 1, n, into, 0, answerBytes)),
            thrown(() -> Native.predict(session, from, -1, n, into, 0, answerBytes)),
            thrown(() -> Native.predict(session, from, 0, n, into, 1, Integer.MAX_VALUE)),
            thrown(() -> Native.predict(session, from, 0, n, into, 0, answerBytes - 1)),
            thrown(() -> Native.predict(session, both, 0, n, both, n - 1, answerBytes)),
            thrown(() -> Native.predict(session, from, 0, n - 1, into, 0, answerBytes)),
            thrown(() -> Native.predictFor(session, null, from, 0, n, into, 0, answerBytes)),
            thrown(() -> Native.predict(session, direct(refused), 0, refused.length, into, 0, answerBytes)),
            thrown(() -> Native.predict(closed, from, 0, n, into, 0, answerBytes)),
            thrown(() -> Native.predict(0, from, 0, n, into, 0, answerBytes)),
        };
        return String.join("\n", lines);
    }

    /** Nanoseconds that a call takes. */
    static long nanoseconds(long session, byte[] record, int answerBytes, int calls) {
        ByteBuffer from = direct(record);
        ByteBuffer into = ByteBuffer.allocateDirect(answerBytes);
        long started = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            Native.predict(session, from, 0, record.length, into, 0, answerBytes);
        }
        return (System.nanoTime() - started) / calls;
    }
}
