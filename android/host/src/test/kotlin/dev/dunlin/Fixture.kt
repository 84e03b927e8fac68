// What every test starts from: the folder that sdk_fixture made, and a runtime in a folder of its own.
package dev.dunlin

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.File
import java.nio.file.Files

/** Bundles, keys and golden cases. */
object Fixture {
    private val folder = File(System.getenv("DUNLIN_SDK_FIXTURE") ?: error("DUNLIN_SDK_FIXTURE names no folder; use cargo xtask test jvm"))

    val cases: JsonObject = JsonParser.parseString(file("cases.json").readText()).asJsonObject

    /** The models' names and their bundles. */
    val models: Map<String, String> = cases["models"].asJsonObject.entrySet().associate { (model, file) -> model to file.asString }

    val assets = Assets { name -> file(name).inputStream() }

    fun file(name: String) = File(folder, name)

    /** Trusts the keys of the fixture. */
    fun trustAll(config: Config) {
        for (key in cases["keys"].asJsonArray.map { it.asJsonObject }) {
            config.keys += TrustedKey(key["name"].asString, file(key["file"].asString).readText())
        }
    }
}

/** A folder that goes with the block. */
inline fun inFolder(act: (File) -> Unit) {
    val folder = Files.createTempDirectory("dunlin").toFile()
    try {
        act(folder)
    } finally {
        folder.deleteRecursively()
    }
}

fun openIn(folder: File, configure: Config.() -> Unit = {}): Dunlin =
    Dunlin.open(File(folder, "runtime"), Fixture.assets) {
        Fixture.trustAll(this)
        configure()
    }

/** A runtime with every model of the fixture. */
inline fun withDunlin(noinline configure: Config.() -> Unit = {}, act: (Dunlin) -> Unit) =
    inFolder { folder ->
        openIn(folder, configure).use { dunlin ->
            Fixture.models.values.forEach { dunlin.installShipped(it) }
            act(dunlin)
        }
    }

/** A record that the model `tiny` accepts. */
fun tinyRecord() = record {
    number("age", 35.0)
    integer("visits", 4)
    category("colour", "blue")
    boolean("member", true)
    number("income", 1800.0)
}

/** A record that the model `every` accepts: for n = 2, yes; nobody answers where n is near 0. */
fun everyRecord(n: Double = 2.0) = record {
    number("n", n)
    integer("i", 3)
    boolean("b", true)
    category("c", "green")
    text("t", "a")
    tensor("f", floatArrayOf(0.25f, 0.5f, 0.75f, 1f))
    tensor("u", byteArrayOf(1, 2, 3))
    tensor("h", byteArrayOf(0, 0x38, 0, 0xb4.toByte()))
    tensor("s", byteArrayOf(-3, 5))
    tensor("w", intArrayOf(-7))
    tensor("l", longArrayOf(40))
    tensor("m", byteArrayOf(1, 0))
}

/** The same record with another value of one name. */
fun everyRecordBut(name: String, give: Record.() -> Unit) = everyRecord().apply {
    given.removeAll { it.name == name }
    give()
}
