package portcullis.app.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BufferedSinkTest {
    /** Counts writes, and tells when something arrives. */
    private static final class Recorder extends OutputStream {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final CountDownLatch arrived = new CountDownLatch(1);
        private final AtomicInteger writes = new AtomicInteger();

        @Override
        public void write(int value) {
            throw new AssertionError("one by one");
        }

        @Override
        public void write(byte[] from, int offset, int length) {
            bytes.write(from, offset, length);
            writes.incrementAndGet();
            arrived.countDown();
        }
    }

    private static void send(BufferedSink sink, String text) {
        text.chars().forEach(sink::accept);
    }

    @Test
    void shouldWriteALineAtOnce() {
        Recorder out = new Recorder();
        try (BufferedSink sink = new BufferedSink(out, failure -> {})) {
            send(sink, "a line\n");
            assertTrue(out.bytes.toString().startsWith("a line\n") || out.writes.get() > 1);
        }
        assertEquals("a line\n", out.bytes.toString());
    }

    @Test
    void shouldWriteAPromptWithoutALineEnd() throws InterruptedException {
        Recorder out = new Recorder();
        try (BufferedSink sink = new BufferedSink(out, failure -> {})) {
            send(sink, "$ ");
            assertTrue(out.arrived.await(30, TimeUnit.SECONDS));
        }
        assertEquals("$ ", out.bytes.toString());
    }

    @Test
    void shouldLoseNothingWhenClosed() {
        Recorder out = new Recorder();
        String text = "x".repeat(20_000);
        try (BufferedSink sink = new BufferedSink(out, failure -> {})) {
            send(sink, text);
        }
        assertEquals(text, out.bytes.toString());
    }

    @Test
    void shouldReportAFailedWriteOnce() {
        AtomicInteger failures = new AtomicInteger();
        OutputStream full = new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        try (BufferedSink sink = new BufferedSink(full, failure -> failures.incrementAndGet())) {
            send(sink, "one\ntwo\nthree");
        }
        assertEquals(1, failures.get());
    }
}
