// The golden cases that every language runs: records and what comes of them, bundles and what comes of installing them.
package dev.dunlin

import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory

class GoldenCasesTest {
    @TestFactory
    fun `every record is answered or refused as the golden case says`(): List<DynamicTest> =
        objects("cases").map { case -> dynamicTest(case["name"].asString) { asJson(case) } }

    @TestFactory
    fun `every record that can be given value by value is answered the same over the packed way`(): List<DynamicTest> {
        val typed = objects("cases").filter { it.has("expect") }
        assertTrue(typed.size > 10)
        return typed.map { case -> dynamicTest(case["name"].asString) { byValue(case) } }
    }

    @TestFactory
    fun `every bundle is installed or refused as the golden case says`(): List<DynamicTest> =
        objects("installs").map { install -> dynamicTest(install["name"].asString) { installed(install) } }

    private fun objects(name: String) = Fixture.cases[name].asJsonArray.map { it.asJsonObject }

    private fun asJson(case: JsonObject) {
        val record = record {
            text(case["json"])?.let { json(it) } ?: case["record"]?.let { json(it.toString()) }
            case["build"]?.asJsonArray?.forEach { build(this, it.asJsonArray) }
        }
        check(case, record)
    }

    private fun byValue(case: JsonObject) = withDunlin { dunlin ->
        dunlin.session(case["model"].asString).use { session ->
            val features = session.features.associateBy { it.name }
            val record = record {
                case["record"]?.asJsonObject?.entrySet()?.forEach { (name, value) -> give(this, features.getValue(name), value) }
                val named = case["build"]?.asJsonArray?.map { it.asJsonArray }.orEmpty()
                // The packed way has one place for each value: the last of a name, as everywhere.
                val last = named.associateBy { it[1].asString }
                given.removeAll { it.name in last }
                last.values.forEach { build(this, it) }
            }
            assertNotNull(dev.dunlin.internal.Packer(sessionFeatures(session)).takeIf { it.pack(record) > 0 }, "it can be packed")
            expect(case["expect"].asJsonObject, session.predict(record))
        }
    }

    private fun check(case: JsonObject, record: Record) = withDunlin { dunlin ->
        dunlin.session(case["model"].asString).use { session ->
            val error = case["error"]?.asJsonObject
            if (error == null) expect(case["expect"].asJsonObject, session.predict(record))
            else failsAs(error) { session.predict(record) }
        }
    }

    private fun installed(install: JsonObject) = inFolder { folder ->
        openIn(folder).use { dunlin ->
            install["before"]?.asJsonArray?.forEach { dunlin.install(Fixture.file(it.asString)) }
            val bundle = Fixture.file(install["bundle"].asString)
            val act = { if (install["source"].asString == "shipped") dunlin.installShipped(bundle) else dunlin.install(bundle) }
            val error = install["error"]?.asJsonObject
            if (error == null) reported(install["expect"].asJsonObject, act()) else failsAs(error) { act() }
            assertEquals(text(install["active"]), activeVersion(dunlin))
        }
    }

    private fun activeVersion(dunlin: Dunlin): String? =
        try {
            dunlin.session("tiny").use { it.modelVersion }
        } catch (_: DunlinException.NotInstalled) {
            null
        }

    private fun reported(expected: JsonObject, report: InstallReport) {
        assertEquals(expected["outcome"].asString, camelCase(report.outcome.name))
        assertEquals(expected["model_id"].asString, report.modelId)
        assertEquals(expected["version"].asString, report.version)
        assertEquals(expected["sequence"].asLong, report.sequence)
        assertEquals(expected["signer"].asString, report.signer)
    }

    private fun camelCase(name: String) = name.split('_').joinToString("") { it.lowercase().replaceFirstChar(Char::uppercase) }

    private fun failsAs(error: JsonObject, act: () -> Unit) {
        try {
            act()
        } catch (failure: DunlinException) {
            assertEquals(error["kind"].asString, failure.javaClass.simpleName, failure.message)
            val (code, feature) = when (failure) {
                is DunlinException.Record -> failure.code to failure.feature
                is DunlinException.Refused -> failure.code to null
                is DunlinException.Model -> failure.code to null
                else -> null to null
            }
            given(error["code"])?.let { assertEquals(it, code, failure.message) }
            if (error.has("feature")) assertEquals(text(error["feature"]), feature)
            assertTrue(!failure.message.isNullOrBlank())
            return
        }
        throw AssertionError("it must be refused as $error")
    }

    private fun expect(expected: JsonObject, found: Prediction) {
        val tolerance = expected["tolerance"]?.asDouble ?: 0.0
        text(expected["verdict"])?.let { assertEquals(it == "accept", found.verdict is Verdict.Accept) }
        text(expected["answered_by"])?.let { assertEquals(it, found.answeredBy.name.lowercase()) }
        if (expected.has("class")) assertEquals(text(expected["class"]), found.chosenClass?.name)
        near(expected, "probability", found.chosenClass?.probability, tolerance)
        near(expected, "confidence", found.confidence, tolerance)
        near(expected, "distance", found.distance, tolerance)
        expected["values"]?.asJsonObject?.let { values(it, found, tolerance) }
        val reasons = (found.verdict as? Verdict.Abstain)?.reasons.orEmpty()
        val wanted = expected["reasons"]?.asJsonArray?.map { it.asJsonObject }.orEmpty()
        assertEquals(wanted.map { it["code"].asString }, reasons.map { it.code })
        wanted.zip(reasons).forEach { (must, reason) -> given(must["culprit"])?.let { assertEquals(it, reason.culprit) } }
    }

    private fun values(expected: JsonObject, found: Prediction, tolerance: Double) {
        assertEquals(expected.keySet(), found.outputs.map { it.name }.toSet())
        for ((name, values) in expected.entrySet()) {
            val output = found.output(name)!!.values.map { it.toDouble() }
            assertEquals(values.asJsonArray.size(), output.size)
            output.zip(values.asJsonArray.map { it.asDouble }).forEach { (is_, must) -> assertEquals(must, is_, tolerance) }
        }
    }

    private fun near(expected: JsonObject, name: String, found: Double?, tolerance: Double) {
        val must = expected[name] ?: return
        if (must.isJsonNull) assertNull(found) else assertEquals(must.asDouble, found!!, tolerance)
    }

    private fun text(element: JsonElement?): String? = element?.takeUnless { it.isJsonNull }?.asString

    /** `?` stands for a name that is none of the case's business. */
    private fun given(element: JsonElement?): String? = text(element)?.takeIf { it != "?" }

    private fun build(record: Record, step: JsonArray) {
        val (name, value) = step[1].asString to step[2]
        when (val kind = step[0].asString) {
            "number" -> record.number(name, value.asDouble)
            "integer" -> record.integer(name, value.asLong)
            "boolean" -> record.boolean(name, value.asBoolean)
            "category" -> record.category(name, value.asString)
            "text" -> record.text(name, value.asString)
            "tensor" -> record.tensor(name, value.asString.chunked(2).map { it.toInt(16).toByte() }.toByteArray())
            else -> throw AssertionError("no function of a record: $kind")
        }
    }

    private fun give(record: Record, feature: Feature, value: JsonElement) {
        if (value.isJsonNull) return
        when (feature.kind) {
            FeatureType.NUMBER -> record.number(feature.name, value.asDouble)
            FeatureType.INTEGER -> record.integer(feature.name, value.asLong)
            FeatureType.BOOLEAN -> record.boolean(feature.name, value.asBoolean)
            FeatureType.CATEGORY -> record.category(feature.name, value.asString)
            FeatureType.TEXT -> record.text(feature.name, value.asString)
            FeatureType.TENSOR -> tensor(record, feature, flat(value))
        }
    }

    private fun tensor(record: Record, feature: Feature, elements: List<JsonElement>) {
        val name = feature.name
        when (feature.dtype!!) {
            DType.F32 -> record.tensor(name, elements.map { it.asFloat }.toFloatArray())
            DType.I32 -> record.tensor(name, elements.map { it.asInt }.toIntArray())
            DType.I64 -> record.tensor(name, elements.map { it.asLong }.toLongArray())
            DType.U8, DType.I8 -> record.tensor(name, elements.map { it.asInt.toByte() }.toByteArray())
            DType.BOOL -> record.tensor(name, elements.map { (if (it.asBoolean) 1 else 0).toByte() }.toByteArray())
            DType.F16 -> record.tensor(name, elements.flatMap { halfBytes(it.asFloat) }.toByteArray())
        }
    }

    /** Of the halves that the cases hold: powers of two, and zero. */
    private fun halfBytes(value: Float): List<Byte> {
        val bits = value.toRawBits()
        val half = if (value == 0f) 0 else (bits ushr 16 and 0x8000) or ((bits ushr 23 and 0xff) - 112 shl 10) or (bits ushr 13 and 0x3ff)
        return listOf(half.toByte(), (half ushr 8).toByte())
    }

    private fun flat(value: JsonElement): List<JsonElement> = if (value.isJsonArray) value.asJsonArray.flatMap(::flat) else listOf(value)
}
