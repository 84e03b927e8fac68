// A larger model elsewhere, asked and awaited, or not.
package dev.dunlin

import com.google.gson.JsonParser
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.IOException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class FallbackTest {
    private var cloud = Transport { error("nobody is asked") }
    private val asking: Config.() -> Unit = {
        fallback = FallbackPolicy(deadline = 2.seconds)
        transport = Transport { cloud.send(it) }
    }

    @Test
    fun `the cloud answers where nobody here could, with what may leave and no more`() = withSession(asking) { session ->
        val own = session.predict(everyRecord(0.25))
        assertTrue(own.fallback != null && own.outputs.isEmpty())
        var path = ""
        var names = listOf<String>()
        cloud = Transport { upload ->
            path = upload.path
            names = JsonParser.parseString(upload.body.decodeToString()).asJsonObject["inputs"].asJsonArray.map { it.asJsonObject["name"].asString }
            answerTo(upload.body, 0.9)
        }
        val answer = runBlocking { session.awaitPrediction(everyRecord(0.25)) }
        assertEquals("/v2/models/every/infer", path)
        assertTrue("n" in names && "t" !in names, "the text stays here: $names")
        assertEquals(AnsweredBy.CLOUD, answer.answeredBy)
        assertEquals("yes", answer.chosenClass?.name)
        assertTrue(answer.verdict is Verdict.Abstain && answer.fallback == null && answer.fallbackError == null)
    }

    @Test
    fun `a sure answer asks nobody`() = withSession(asking) { session ->
        val answer = runBlocking { session.awaitPrediction(everyRecord()) }
        assertEquals(AnsweredBy.MODEL, answer.answeredBy)
    }

    @Test
    fun `without a policy nobody is asked`() = withSession({}) { session ->
        assertNull(session.predict(everyRecord(0.25)).fallback)
    }

    @Test
    fun `what is no answer leaves the device's own`() {
        val clouds = listOf<Transport>(
            Transport { throw IOException("no network") },
            Transport { throw IllegalStateException("a defect") },
            Transport { Response(503, ByteArray(0)) },
            Transport { Response(-1, ByteArray(0)) },
            Transport { Response(200, "<html>Pay for the network</html>".toByteArray()) },
            Transport { upload -> answerTo(upload.body, Double.NaN) },
            Transport { upload -> answerTo(upload.body, 0.5) },
        )
        for (none in clouds) {
            cloud = none
            withSession(asking) { session ->
                val answer = runBlocking { session.awaitPrediction(everyRecord(0.25)) }
                assertEquals(AnsweredBy.NOBODY, answer.answeredBy)
                assertTrue(answer.fallbackError is DunlinException.Fallback, "$answer")
            }
        }
    }

    @Test
    fun `a cloud that hangs is waited for until the deadline and no longer`() =
        withSession({
            asking()
            fallback = FallbackPolicy(deadline = 300.milliseconds)
        }) { session ->
            val release = CountDownLatch(1)
            cloud = Transport {
                release.await(300, TimeUnit.SECONDS)
                throw IOException("too late")
            }
            val start = System.nanoTime()
            val answer = runBlocking { session.awaitPrediction(everyRecord(0.25)) }
            assertEquals(AnsweredBy.NOBODY, answer.answeredBy)
            assertTrue(System.nanoTime() - start in 200_000_000..200_000_000_000)
            release.countDown()
        }

    @Test
    fun `who predicts at once is handed the request, and gives back what came of it`() = withSession(asking) { session ->
        val own = session.predict(everyRecord(0.25))
        val request = own.fallback!!
        assertTrue("n" in request.features && session.features.filter { it.name in request.features }.all { it.mayLeave })
        assertEquals(listOf("every", own.id), listOf(request.modelId, request.id))
        val resolved = session.resolve(own, Delivery.Answered(answerTo(request.body, 0.1)))
        assertEquals("no", resolved.chosenClass?.name)
        assertEquals(AnsweredBy.CLOUD, resolved.answeredBy)
        assertThrows(DunlinException.Fallback::class.java) { session.resolve(own, Delivery.Answered(answerTo(request.body, 0.1))) }
        assertThrows(DunlinException.InvalidArgument::class.java) { session.resolve(resolved, Delivery.Failed("nobody was asked")) }
    }

    private fun withSession(configure: Config.() -> Unit, act: (Session) -> Unit) =
        withDunlin(configure) { dunlin -> dunlin.session("every").use(act) }

    private fun answerTo(request: ByteArray, side: Double): Response {
        val id = JsonParser.parseString(request.decodeToString()).asJsonObject["id"].asString
        val outputs = listOf("sum" to 3.5, "side" to side, "inverse" to 0.1).joinToString { (name, value) ->
            """{"name": "$name", "datatype": "FP32", "shape": [1, 1], "data": [$value]}"""
        }
        return Response(200, """{"model_name": "every", "id": "$id", "outputs": [$outputs]}""".toByteArray())
    }
}
