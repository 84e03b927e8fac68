// Packs a record for the hot path, into one buffer that is used again.
package dev.dunlin.internal

import dev.dunlin.DunlinException
import dev.dunlin.Record
import dev.dunlin.internal.uniffi.DType
import dev.dunlin.internal.uniffi.Feature
import dev.dunlin.internal.uniffi.FeatureType
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.CharBuffer
import java.nio.charset.CodingErrorAction

/**
 * Packs records of one schema. What cannot be packed as the schema says (an unknown name, another type, a tensor of another
 * size) is no matter of this class: the record then takes the other way, where the runtime refuses it and puts that on record.
 */
internal class Packer(private val features: List<Feature>) {
    private val indexOf = HashMap<String, Int>().apply { features.forEachIndexed { index, feature -> put(feature.name, index) } }
    private val tensorBytes = LongArray(features.size) { index -> features[index].tensorBytes() }
    private val slots = arrayOfNulls<Given>(features.size)
    private val encoder = Charsets.UTF_8.newEncoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT)

    /** A packed record, from its start. */
    var buffer: ByteBuffer = direct(START_BYTES)
        private set

    /** Packs a record and returns how many bytes it takes; -1 where it does not fit the schema. */
    fun pack(record: Record): Int {
        if (record.json != null) return -1
        try {
            if (!sort(record)) return -1
            reserve()
            slots.forEach(::write)
            return buffer.position()
        } finally {
            slots.fill(null)
        }
    }

    /** Puts each value where its feature stands; false where one does not fit. */
    private fun sort(record: Record): Boolean {
        for (given in record.given) {
            val index = indexOf[given.name] ?: return false
            if (slots[index] != null || given.kind != features[index].kind) return false
            if (given is Given.OfTensor) {
                refuseUnfit(given, features[index])
                if (given.tensor.size.toLong() != tensorBytes[index]) return false
            }
            slots[index] = given
        }
        return true
    }

    private fun reserve() {
        var bytes = 0L
        for (given in slots) bytes += 1 + atMost(given)
        if (bytes > Int.MAX_VALUE) throw DunlinException.InvalidArgument("the record takes more than 2 GiB; give less")
        if (buffer.capacity() < bytes) buffer = direct(bytes.toInt())
        buffer.clear()
    }

    private fun atMost(given: Given?): Long =
        when (given) {
            null -> 0
            is Given.Number, is Given.Integer -> 8
            is Given.Truth -> 1
            is Given.Category -> 4 + MAX_BYTES_A_CHAR * given.level.length
            is Given.Text -> 4 + MAX_BYTES_A_CHAR * given.text.length
            is Given.OfTensor -> given.tensor.size.toLong()
        }

    private fun write(given: Given?) {
        buffer.put(if (given == null) 0 else 1)
        when (given) {
            null -> {}
            is Given.Number -> buffer.putDouble(given.value)
            is Given.Integer -> buffer.putLong(given.value)
            is Given.Truth -> buffer.put(if (given.value) 1 else 0)
            is Given.Category -> text(given.name, given.level)
            is Given.Text -> text(given.name, given.text)
            is Given.OfTensor -> given.tensor.writeTo(buffer)
        }
    }

    private fun text(name: String, text: String) {
        val start = buffer.position()
        buffer.position(start + 4)
        encoder.reset()
        val result = encoder.encode(CharBuffer.wrap(text), buffer, true)
        if (result.isError) throw DunlinException.InvalidArgument("feature '$name': $HALF_A_PAIR")
        encoder.flush(buffer)
        buffer.putInt(start, buffer.position() - start - 4)
    }

    private companion object {
        const val START_BYTES = 256
        const val MAX_BYTES_A_CHAR = 3L
    }
}

/** An array or buffer that would be read as other numbers than it holds is the app's mistake, whichever way the record takes. */
internal fun refuseUnfit(given: Given.OfTensor, feature: Feature) {
    val objection = feature.dtype?.let(given.tensor::objection) ?: return
    throw DunlinException.InvalidArgument("feature '${given.name}' $objection")
}

internal fun direct(bytes: Int): ByteBuffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN)

private fun Feature.tensorBytes(): Long {
    if (kind != FeatureType.TENSOR) return 0
    val element = when (dtype ?: DType.F32) {
        DType.U8, DType.I8, DType.BOOL -> 1L
        DType.F16 -> 2L
        DType.F32, DType.I32 -> 4L
        DType.I64 -> 8L
    }
    return shape.fold(element) { bytes, size -> bytes * size.toLong() }
}
