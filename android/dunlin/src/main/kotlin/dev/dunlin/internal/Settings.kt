// Makes the generated configuration of the app's, and reads what the app ships with.
package dev.dunlin.internal

import dev.dunlin.Assets
import dev.dunlin.DunlinException
import dev.dunlin.internal.uniffi.AskOn
import dev.dunlin.internal.uniffi.Config
import dev.dunlin.internal.uniffi.TrustedKey
import java.io.File
import java.io.IOException
import kotlin.time.Duration
import dev.dunlin.Config as GivenConfig
import dev.dunlin.Durability as GivenDurability
import dev.dunlin.FallbackPolicy as GivenPolicy
import dev.dunlin.MonitorWindow as GivenWindow
import dev.dunlin.Retention as GivenRetention
import dev.dunlin.TrialPolicy as GivenTrial
import dev.dunlin.UpdatePolicy as GivenUpdates
import dev.dunlin.internal.uniffi.Durability
import dev.dunlin.internal.uniffi.FallbackPolicy
import dev.dunlin.internal.uniffi.FallbackStep
import dev.dunlin.internal.uniffi.MonitorWindow
import dev.dunlin.internal.uniffi.Retention
import dev.dunlin.internal.uniffi.TrialPolicy
import dev.dunlin.internal.uniffi.UpdatePolicy

internal fun GivenConfig.given(folder: File): Config =
    Config(
        folder.path,
        keys.map { TrustedKey(it.name, it.publicKey) },
        durability?.given(),
        retention?.given(),
        monitor?.given(),
        fallback?.given(),
        fallbackChains.mapValues { (_, chain) -> chain.map { FallbackStep.valueOf(it.name) } },
        trial?.given(),
        admission,
        updates?.given(),
    )

private fun GivenDurability.given(): Durability =
    when (this) {
        is GivenDurability.Sync -> Durability.Sync
        is GivenDurability.Batched -> Durability.Batched(millis("maxDelay", maxDelay), positive("maxRows", maxRows.toLong()).toUInt())
    }

private fun GivenRetention.given() =
    Retention(
        maxRows?.let { positive("maxRows", it).toULong() },
        maxBytes?.let { positive("maxBytes", it).toULong() },
        maxAge?.let { millis("maxAge", it) },
    )

private fun GivenWindow.given() = MonitorWindow(rows?.let { positive("rows", it).toULong() }, time?.let { millis("time", it) })

private fun GivenPolicy.given() =
    FallbackPolicy(
        askOn?.map { AskOn.valueOf(it.name) },
        askOverBaseline,
        features,
        deadline?.let { millis("deadline", it) },
        requestsADay?.let { positive("requestsADay", it.toLong()).toUInt() },
        failures?.let { positive("failures", it.toLong()).toUInt() },
        openFor?.let { millis("openFor", it) },
    )

private fun GivenTrial.given() =
    TrialPolicy(
        shadowShare,
        shadowCpu,
        canaryShare,
        alpha,
        qualityMargin,
        behaviourMargin,
        minCompared?.let { positive("minCompared", it).toULong() },
        minLabelled?.let { positive("minLabelled", it).toULong() },
        maxNonFinite?.let { positive("maxNonFinite", it).toULong() },
        minAgreement,
    )

private fun GivenUpdates.given() =
    UpdatePolicy(root, channel, overMetered, maxBytes?.let { positive("maxBytes", it).toULong() }, models)

/** A negative number would become a very large one. */
private fun positive(name: String, value: Long): Long =
    if (value >= 0) value else throw DunlinException.InvalidArgument("$name is $value; give a number that is not negative")

private fun millis(name: String, value: Duration): ULong = positive(name, value.inWholeMilliseconds).toULong()

internal fun Assets.readAsset(name: String): ByteArray = reading(name) { open(name).use { it.readBytes() } }

/** Copies an asset into a file of its own, which the caller deletes. */
internal fun Assets.copy(name: String, folder: File): File =
    reading(name) {
        folder.mkdirs()
        val file = File.createTempFile("asset", ".dunlin", folder)
        try {
            open(name).use { from -> file.outputStream().use(from::copyTo) }
        } catch (failure: IOException) {
            file.delete()
            throw failure
        }
        file
    }

private inline fun <T> reading(name: String, read: () -> T): T =
    try {
        read()
    } catch (failure: IOException) {
        throw DunlinException.InvalidArgument("the asset '$name' cannot be read (${failure.message}); is it in src/main/assets?", failure)
    }
