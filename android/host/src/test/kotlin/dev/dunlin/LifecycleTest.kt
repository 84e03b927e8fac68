// What becomes of a model's versions, step by step: the golden lifecycles that every language runs.
package dev.dunlin

import com.google.gson.JsonElement
import com.google.gson.JsonObject
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

class LifecycleTest {
    @TestFactory
    fun `every lifecycle goes as it must`(): List<DynamicTest> {
        val lifecycles = Fixture.cases["lifecycles"].asJsonArray.map { it.asJsonObject }
        assertTrue(lifecycles.size >= 14)
        return lifecycles.map { dynamicTest(it["name"].asString) { run(it) } }
    }

    @Test
    fun `an admission that is no policy is refused when Dunlin is opened`() = inFolder { folder ->
        val failure = assertThrows(DunlinException.InvalidArgument::class.java) { openIn(folder) { admission = "{\"license\": []}" } }
        assertTrue("license" in failure.message.orEmpty(), failure.message)
    }

    @Test
    fun `the figures of a trial are told as JSON`() = withDunlin { dunlin ->
        dunlin.session("tiny").use { it.predict(tinyRecord()) }
        assertEquals(InstallOutcome.CANDIDATE, dunlin.installCandidate(Fixture.file("tiny-1.1.0.dunlin")).outcome)
        val trial = dunlin.trials().single()
        assertEquals(listOf("tiny", "1.0.0", "1.1.0", "shadow", "wait"), listOf(trial.modelId, trial.incumbent, trial.challenger, trial.stage, trial.verdict))
        assertTrue(com.google.gson.JsonParser.parseString(trial.figures).isJsonObject && trial.cause.isNotEmpty() && trial.sinceUs > 0)
        assertEquals(listOf("active" to "1.0.0", "candidate" to "1.1.0"), dunlin.health().models.filter { it.modelId == "tiny" }.map { it.slot to it.version }.sortedBy { it.first })
    }

    private fun run(lifecycle: JsonObject) = inFolder { folder ->
        openIn(folder) { configure(this, lifecycle) }.use { dunlin ->
            var session: Session? = null
            for ((at, step) in lifecycle["steps"].asJsonArray.map { it.asJsonObject }.withIndex()) {
                check(dunlin, session, step, "step $at: $step")
                val now = active(dunlin)
                assertEquals(text(step["active"]), now?.modelVersion, "step $at")
                session = session?.also { now?.close() } ?: now
                assertEquals(text(step["stage"]), dunlin.trials().singleOrNull()?.stage, "step $at")
                text(step["answers"])?.let { assertEquals(it, session?.modelVersion, "step $at") }
            }
        }
    }

    private fun configure(config: Config, lifecycle: JsonObject) {
        val policy = Fixture.cases["trial"].asJsonObject
        config.durability = Durability.Sync
        config.trial = TrialPolicy(policy["shadow_share"].asDouble, policy["shadow_cpu"].asDouble, minCompared = policy["min_compared"].asLong)
        config.admission = lifecycle["admission"]?.toString()
        lifecycle["chain"]?.asJsonArray?.let { chain ->
            config.fallbackChains["tiny"] = chain.map { FallbackStep.valueOf(it.asString.uppercase()) }
        }
        config.updates = text(lifecycle["channel"])?.let(::following)
    }

    private fun check(dunlin: Dunlin, session: Session?, step: JsonObject, where: String) {
        val error = step["error"]?.asJsonObject ?: return act(dunlin, session, step, where)
        val failure = assertThrows(DunlinException::class.java, { act(dunlin, session, step, where) }, where)
        val code = (failure as? DunlinException.Refused)?.code ?: (failure as? DunlinException.Update)?.code
        assertEquals(error["kind"].asString to text(error["code"]), failure.javaClass.simpleName to code, where)
    }

    private fun act(dunlin: Dunlin, session: Session?, step: JsonObject, where: String) {
        val bundle = text(step["bundle"])?.let(Fixture::file)
        when (val act = step["do"].asString) {
            "install" -> outcome(step, dunlin.install(bundle!!).outcome.name, where)
            "install_shipped" -> outcome(step, dunlin.installShipped(bundle!!).outcome.name, where)
            "install_candidate" -> outcome(step, dunlin.installCandidate(bundle!!).outcome.name, where)
            "activate" -> assertEquals(text(step["version"]), dunlin.activate("tiny").version, where)
            "rollback" -> assertEquals(text(step["version"]), dunlin.rollback("tiny").version, where)
            "reject" -> assertEquals(text(step["version"]), dunlin.reject("tiny").version, where)
            "renew" -> assertEquals(step["changed"].asBoolean, session!!.renew(), where)
            "predict" -> predict(session!!, step, where)
            "update" -> update(dunlin, step, where)
            else -> throw AssertionError("no step of a lifecycle: $act")
        }
    }

    private fun outcome(step: JsonObject, found: String, where: String) =
        assertEquals(text(step["outcome"])?.lowercase(), found.replace("_", "").lowercase(), where)

    private fun predict(session: Session, step: JsonObject, where: String) = repeat(step["times"].asInt) {
        val prediction = session.predict(record { json(step["record"].toString()) })
        text(step["answered_by"])?.let { assertEquals(it, prediction.answeredBy.name.lowercase(), where) }
    }

    private fun update(dunlin: Dunlin, step: JsonObject, where: String) {
        val report = runBlocking { dunlin.update(Link.valueOf(step["link"].asString.uppercase()), Files()) }
        val model = report.models.single()
        outcome(step, model.outcome.name, where)
        text(step["version"])?.let { assertEquals(it, model.version, where) }
        assertEquals(step["recalled"]?.asInt ?: 0, model.recalled.size, where)
    }

    private fun active(dunlin: Dunlin): Session? =
        try {
            dunlin.session("tiny")
        } catch (_: DunlinException.NotInstalled) {
            null
        }

    private fun text(element: JsonElement?): String? = element?.takeUnless { it.isJsonNull }?.asString
}

/** Follows a channel of the fixture, for `tiny` too where it is not installed. */
fun following(channel: String) = UpdatePolicy(Fixture.file("channel/root/1.json").readBytes(), channel, models = listOf("tiny"))

/** The fixture's channels, as a server would hand them out. */
class Files : Transport {
    override fun send(upload: Upload): Response = error("nothing is to be sent here")

    override fun fetch(fetch: Fetch): Response {
        val file = Fixture.file(fetch.path.removePrefix("/v1/"))
        if (!file.isFile) return Response(404, ByteArray(0))
        val range = fetch.range ?: return Response(200, file.readBytes())
        val (first, last) = range.removePrefix("bytes=").split('-').map { it.toInt() }
        return Response(206, file.readBytes().copyOfRange(first, last + 1))
    }
}
