// A sync that a scheduler starts and stops.
package dev.dunlin

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.IOException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

class SyncRunTest {
    private val told = LinkedBlockingQueue<Boolean>()

    @Volatile
    private var send = Transport(::accepting)

    @Test
    fun `the system is told to come back where something could not be sent, and only there`() = withDunlin({ smallWindows(); transport = Transport { send.send(it) } }) { dunlin ->
        fillWindows(dunlin, 1)
        assertEquals(true, outcome(dunlin, { throw IOException("no network") }, Link.UNMETERED))
        assertEquals(true, outcome(dunlin, ::accepting, null), "there is no link")
        dunlin.resumeUploads()
        assertEquals(false, outcome(dunlin, ::accepting, Link.METERED))
        assertEquals(false, outcome(dunlin, { error("nothing waits") }, Link.UNMETERED))
        dunlin.close()
        assertEquals(false, outcome(dunlin, ::accepting, Link.UNMETERED), "what is closed has nothing to send")
    }

    @Test
    fun `a run that is stopped tells nothing, and what was not delivered waits`() = withDunlin({ smallWindows(); transport = Transport { send.send(it) } }) { dunlin ->
        fillWindows(dunlin, 1)
        val (sending, release) = CountDownLatch(1) to CountDownLatch(1)
        send = Transport {
            sending.countDown()
            release.await(60, TimeUnit.SECONDS)
            throw IOException("cut")
        }
        val run = SyncRun({ dunlin }, { Link.UNMETERED })
        run.start(told::add)
        assertTrue(sending.await(60, TimeUnit.SECONDS))
        run.stop()
        release.countDown()
        assertNull(told.poll(300, TimeUnit.MILLISECONDS))
        dunlin.resumeUploads()
        // Waits for the one that was stopped, whose failure may make it pause once more.
        outcome(dunlin, ::accepting, Link.UNMETERED)
        dunlin.resumeUploads()
        assertEquals(false, outcome(dunlin, ::accepting, Link.UNMETERED))
        assertEquals(false, outcome(dunlin, { error("nothing waits") }, Link.UNMETERED))
    }

    private fun outcome(dunlin: Dunlin, transport: Transport, link: Link?): Boolean? {
        send = transport
        SyncRun({ dunlin }, { link }).start(told::add)
        return told.poll(60, TimeUnit.SECONDS)
    }
}
