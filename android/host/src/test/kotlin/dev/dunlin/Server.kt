// The real receiver: `dunlin serve` in a process of its own.
package dev.dunlin

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.File
import java.net.URL

/** Runs until it is closed. */
class Server(data: File, vararg more: String) : AutoCloseable {
    private val process: Process

    /** Its address. */
    val address: String

    init {
        val command = System.getenv("DUNLIN_COMMAND") ?: error("DUNLIN_COMMAND names no program; use cargo xtask test jvm")
        val words = listOf(command, "serve", "--listen", "127.0.0.1:0", "--data", data.path) + more
        process = ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val said = process.inputStream.bufferedReader().readLine().orEmpty()
        address = said.removePrefix("listening on ").trim()
        check(address.startsWith("http://")) { "it said: $said" }
    }

    /** What it has received. */
    fun statistics(): JsonObject = JsonParser.parseString(URL("$address/v1/statistics").readText()).asJsonObject

    fun number(name: String): Long = statistics()[name].asLong

    /** Records of all models that the windows received were made of. */
    fun records(): Long = statistics()["models"].asJsonArray.sumOf { it.asJsonObject["rows"].asLong }

    override fun close() {
        process.destroyForcibly().waitFor()
    }
}

/** Predicts until the monitor has closed `windows` windows of fifty records, and some more for the next. */
fun fillWindows(dunlin: Dunlin, windows: Int) {
    dunlin.session("tiny").use { session -> repeat(50 * windows + 10) { session.predict(tinyRecord()) } }
    dunlin.flush()
}

/** Windows as small as the monitor makes them. */
fun Config.smallWindows() {
    monitor = MonitorWindow(rows = 50)
}
