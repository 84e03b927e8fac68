// A larger model elsewhere, asked and awaited, or not.
package dev.dunlin

import com.google.gson.JsonParser
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.IOException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class FallbackTest {
    private val asking: DunlinConfig.() -> Unit = { fallback = FallbackPolicy(deadline = 2.seconds) }

    @Test
    fun `the cloud answers where nobody here could, with what may leave and no more`() = withSession(asking) { session ->
        val own = session.predict(everyRecord(0.25))
        assertTrue(own.asksForFallback && own.outputs.isEmpty())
        var path = ""
        var names = listOf<String>()
        val answer = runBlocking {
            session.predictWithFallback(everyRecord(0.25), { request ->
                path = request.path
                names = JsonParser.parseString(request.body.decodeToString()).asJsonObject["inputs"].asJsonArray.map { it.asJsonObject["name"].asString }
                cloud(request, 0.9)
            })
        }
        assertEquals("/v2/models/every/infer", path)
        assertTrue("n" in names && "t" !in names, "the text stays here: $names")
        assertEquals(AnsweredBy.CLOUD, answer.answeredBy)
        assertEquals("yes", answer.chosenClass?.name)
        assertTrue(answer.verdict is Verdict.Abstain && !answer.asksForFallback)
    }

    @Test
    fun `a sure answer asks nobody`() = withSession(asking) { session ->
        val answer = runBlocking { session.predictWithFallback(everyRecord(), { error("nobody is asked") }) }
        assertEquals(AnsweredBy.MODEL, answer.answeredBy)
    }

    @Test
    fun `without a policy nobody is asked`() = withSession({}) { session ->
        assertFalse(session.predict(everyRecord(0.25)).asksForFallback)
    }

    @Test
    fun `what is no answer leaves the device's own`() {
        val cloud = listOf<Transport>(
            Transport { throw IOException("no network") },
            Transport { throw IllegalStateException("a defect") },
            Transport { Response(503, ByteArray(0)) },
            Transport { Response(-1, ByteArray(0)) },
            Transport { Response(200, "<html>Pay for the network</html>".toByteArray()) },
            Transport { request -> cloud(request, Double.NaN) },
            Transport { request -> cloud(request, 0.5) },
        )
        for (transport in cloud) {
            withSession(asking) { session ->
                assertTrue(session.predict(everyRecord(0.25)).asksForFallback)
                val answer = runBlocking { session.predictWithFallback(everyRecord(0.25), transport) }
                assertEquals(AnsweredBy.NOBODY, answer.answeredBy)
            }
        }
    }

    @Test
    fun `a cloud that hangs is waited for until the deadline and no longer`() =
        withSession({ fallback = FallbackPolicy(deadline = 300.milliseconds) }) { session ->
            val release = CountDownLatch(1)
            val start = System.nanoTime()
            val answer = runBlocking {
                session.predictWithFallback(everyRecord(0.25), {
                    release.await(300, TimeUnit.SECONDS)
                    throw IOException("too late")
                })
            }
            assertEquals(AnsweredBy.NOBODY, answer.answeredBy)
            assertTrue(System.nanoTime() - start in 200_000_000..200_000_000_000)
            release.countDown()
        }

    private fun withSession(configure: DunlinConfig.() -> Unit, act: (Session) -> Unit) =
        withDunlin(configure) { dunlin -> dunlin.session("every").use(act) }

    private fun cloud(request: Request, side: Double): Response {
        val id = JsonParser.parseString(request.body.decodeToString()).asJsonObject["id"].asString
        val outputs = listOf("sum" to 3.5, "side" to side, "inverse" to 0.1).joinToString { (name, value) ->
            """{"name": "$name", "datatype": "FP32", "shape": [1, 1], "data": [$value]}"""
        }
        return Response(200, """{"model_name": "every", "id": "$id", "outputs": [$outputs]}""".toByteArray())
    }
}
