// The transport over HTTP against servers that misbehave.
package dev.dunlin

import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.IOException
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class HttpTransportTest {
    private val request = Upload("1", "/v1/summaries", "application/json", "gzip", byteArrayOf(1, 2, 3))

    @Test
    fun `the request is sent as it is, with the token, and the answer comes back as it is`() {
        serving({ exchange ->
            val body = exchange.requestBody.readBytes()
            val headers = listOf("Content-Type", "Content-Encoding", "Authorization", "X-App").map { exchange.requestHeaders.getFirst(it) }
            exchange.responseHeaders.add("Retry-After", "7")
            answer(exchange, 429, "${exchange.requestMethod} ${exchange.requestURI} $headers ${body.toList()}".toByteArray())
        }) { address, _ ->
            val response = HttpTransport("$address/base/", mapOf("X-App" to "7"), token = { "secret" }).send(request)
            assertEquals(429, response.status)
            assertEquals("7", response.retryAfter)
            val seen = "POST /base/v1/summaries [application/json, gzip, Bearer secret, 7] [1, 2, 3]"
            assertEquals(seen, response.body.decodeToString())
        }
    }

    @Test
    fun `a refusal without a body is an answer too`() = serving({ answer(it, 401, ByteArray(0)) }) { address, _ ->
        val response = HttpTransport(address).send(request)
        assertEquals(401, response.status)
        assertArrayEquals(ByteArray(0), response.body)
    }

    @Test
    fun `a redirect is an answer and is not followed`() {
        serving({ exchange ->
            exchange.responseHeaders.add("Location", "/elsewhere")
            answer(exchange, 302, "moved".toByteArray())
        }) { address, calls ->
            assertEquals(302, HttpTransport(address).send(request).status)
            assertEquals(1, calls.get())
        }
    }

    @Test
    fun `an answer without end is cut at the bound`() {
        serving({ exchange ->
            exchange.sendResponseHeaders(200, 0)
            runCatching { while (true) exchange.responseBody.write(ByteArray(1 shl 16)) }
        }) { address, _ ->
            val failure = assertThrows(IOException::class.java) { HttpTransport(address, maxResponseBytes = 1000).send(request) }
            assertTrue("1000 bytes" in failure.message.orEmpty())
        }
    }

    @Test
    fun `an answer that trickles is given up when the time is over`() {
        serving({ exchange ->
            exchange.sendResponseHeaders(200, 0)
            runCatching {
                while (true) {
                    exchange.responseBody.write(32)
                    exchange.responseBody.flush()
                    Thread.sleep(20)
                }
            }
        }) { address, _ ->
            assertThrows(IOException::class.java) { HttpTransport(address, timeout = 300.milliseconds).send(request) }
        }
    }

    @Test
    fun `a connection that is cut is a failure and the request is not sent again`() {
        val calls = AtomicInteger()
        ServerSocket(0).use { socket ->
            val serving = thread {
                runCatching {
                    while (true) socket.accept().use {
                        calls.incrementAndGet()
                        it.getInputStream().read(ByteArray(4096))
                    }
                }
            }
            assertThrows(IOException::class.java) { HttpTransport("http://127.0.0.1:${socket.localPort}", timeout = 5.seconds).send(request) }
            socket.close()
            serving.join()
        }
        assertEquals(1, calls.get())
    }

    @Test
    fun `nobody there, no address, and no HTTP are failures`() {
        val free = ServerSocket(0).use { it.localPort }
        for (base in listOf("http://127.0.0.1:$free", "file:///etc", "nonsense")) {
            assertThrows(IOException::class.java) { HttpTransport(base, timeout = 2.seconds).send(request) }
        }
    }

    @Test
    fun `a token never goes over plain HTTP to another machine`() {
        val failure = assertThrows(IOException::class.java) {
            HttpTransport("http://192.0.2.1", timeout = 1.seconds, token = { "secret" }).send(request)
        }
        assertTrue("https" in failure.message.orEmpty() && "secret" !in failure.message.orEmpty())
    }

    private fun answer(exchange: HttpExchange, status: Int, body: ByteArray) {
        exchange.sendResponseHeaders(status, if (body.isEmpty()) -1 else body.size.toLong())
        exchange.responseBody.use { it.write(body) }
    }

    private fun serving(handle: (HttpExchange) -> Unit, act: (String, AtomicInteger) -> Unit) {
        val (server, threads, calls) = Triple(HttpServer.create(InetSocketAddress("127.0.0.1", 0), 0), Executors.newCachedThreadPool(), AtomicInteger())
        server.executor = threads
        server.createContext("/") { exchange ->
            calls.incrementAndGet()
            exchange.use(handle)
        }
        server.start()
        try {
            act("http://127.0.0.1:${server.address.port}", calls)
        } finally {
            server.stop(0)
            threads.shutdownNow()
        }
    }

    private inline fun HttpExchange.use(handle: (HttpExchange) -> Unit) = try { handle(this) } finally { close() }
}
