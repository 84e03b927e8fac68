package dev.dunlin.internal;

import java.lang.ref.WeakReference;
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

    /** Predicts, for a person where one is given. */
    private static int ask(long session, String subject, int length) {
        return subject == null ? Native.predict(session, length) : Native.predictFor(session, subject, length);
    }

    /** Lends buffers whose position means nothing, and returns the packed answer; what lies behind it must stay as it is. */
    static byte[] predict(long session, String subject, byte[] record, int answerBytes) {
        ByteBuffer from = ByteBuffer.allocateDirect(record.length + 3);
        from.put(record);
        ByteBuffer into = ByteBuffer.allocateDirect(answerBytes + 7);
        while (into.hasRemaining()) into.put((byte) 0x55);
        Native.lend(session, from, into);
        byte[] taken = new byte[ask(session, subject, record.length)];
        for (int i = taken.length; i < into.capacity(); i++) {
            if (into.get(i) != 0x55) throw new AssertionError("a byte behind the answer was written");
        }
        into.clear();
        into.get(taken);
        return taken;
    }

    /** Lends buffers that only the session holds on to, and returns weak references to them. */
    static Object[] lendAndForget(long session, byte[] record, int answerBytes) {
        ByteBuffer from = direct(record);
        ByteBuffer into = ByteBuffer.allocateDirect(answerBytes);
        Native.lend(session, from, into);
        return new Object[] {new WeakReference<>(from), new WeakReference<>(into)};
    }

    /** How many of these are still held on to, once as few are as there must be, or after waiting for long. */
    static int held(Object[] references, int must) throws InterruptedException {
        int held = references.length;
        for (int i = 0; i < 200; i++) {
            System.gc();
            held = 0;
            for (Object reference : references) {
                if (((WeakReference<?>) reference).get() != null) held++;
            }
            if (held <= must) break;
            Thread.sleep(20);
        }
        return held;
    }

    /** What a call throws, as "kind code feature message". */
    private static String thrown(Call call) {
        try {
            return "nothing, but " + call.run();
        } catch (NativeFailure failure) {
            return failure.kind + " " + failure.code + " " + failure.feature + " " + failure.getMessage();
        }
    }

    private static String lending(long session, ByteBuffer record, ByteBuffer answer) {
        return thrown(() -> {
            Native.lend(session, record, answer);
            return 0;
        });
    }

    /** Predicts so many times, and always has an answer of as many bytes. */
    static void predictTimes(long session, int length, int times) {
        int bytes = Native.predict(session, length);
        for (int i = 1; i < times; i++) {
            if (Native.predict(session, length) != bytes) throw new AssertionError("another answer to the same record");
        }
    }

    /** Predicts again and again, and returns what ends it. */
    static String predictUntilThrown(long session, int length) {
        return thrown(() -> {
            while (true) Native.predict(session, length);
        });
    }

    /** What each wrong call throws, a line each. */
    static String wrong(long session, long closed, byte[] record, byte[] refused, int answerBytes) {
        ByteBuffer from = direct(record);
        ByteBuffer into = ByteBuffer.allocateDirect(answerBytes);
        int n = record.length;
        ByteBuffer both = ByteBuffer.allocateDirect(n + answerBytes);
        both.position(n - 1);
        String[] lines = {
            thrown(() -> Native.predict(session, n)),
            lending(session, ByteBuffer.wrap(record), into),
            lending(session, from, ByteBuffer.allocate(answerBytes)),
            lending(session, from, into.asReadOnlyBuffer()),
            lending(session, null, into),
            lending(session, from, null),
            lending(session, both, both.slice()),
            lending(session, into, into),
            lending(session, from, ByteBuffer.allocateDirect(answerBytes - 1)),
            thrown(() -> Native.predict(session, n)),
            lending(closed, from, into),
            lending(0, from, into),
            lending(session, from.asReadOnlyBuffer(), into),
            // What is refused does not take the place of what was lent.
            lending(session, ByteBuffer.wrap(record), into),
            lending(session, from, ByteBuffer.allocateDirect(answerBytes - 1)),
            thrown(() -> Native.predict(session, n) > 36 ? 0 : 1),
            thrown(() -> Native.predict(session, n + 1)),
            thrown(() -> Native.predict(session, Integer.MAX_VALUE)),
            thrown(() -> Native.predict(session, -1)),
            thrown(() -> Native.predict(session, Integer.MIN_VALUE)),
            thrown(() -> Native.predict(session, n - 1)),
            thrown(() -> Native.predict(session, 0)),
            thrown(() -> Native.predictFor(session, null, n)),
            thrown(() -> Native.predict(closed, n)),
            thrown(() -> Native.predict(0, n)),
            lending(session, direct(refused), into),
            thrown(() -> Native.predict(session, refused.length)),
        };
        return String.join("\n", lines);
    }

    /** Nanoseconds that a call takes. */
    static long nanoseconds(long session, String subject, byte[] record, int answerBytes, int calls) {
        Native.lend(session, direct(record), ByteBuffer.allocateDirect(answerBytes));
        long started = System.nanoTime();
        for (int i = 0; i < calls; i++) ask(session, subject, record.length);
        return (System.nanoTime() - started) / calls;
    }
}
