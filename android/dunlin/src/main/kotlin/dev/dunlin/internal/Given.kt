// The values of a record as the app gave them.
package dev.dunlin.internal

import dev.dunlin.internal.uniffi.DType
import dev.dunlin.internal.uniffi.FeatureType
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** One value of a record. */
internal sealed class Given(val name: String, val kind: FeatureType) {
    class Number(name: String, val value: Double) : Given(name, FeatureType.NUMBER)

    class Integer(name: String, val value: Long) : Given(name, FeatureType.INTEGER)

    class Truth(name: String, val value: Boolean) : Given(name, FeatureType.BOOLEAN)

    class Category(name: String, val level: String) : Given(name, FeatureType.CATEGORY)

    class Text(name: String, val text: String) : Given(name, FeatureType.TEXT)

    class OfTensor(name: String, val tensor: Tensor) : Given(name, FeatureType.TENSOR)
}

/** A tensor's elements; shape and element type are the schema's to say. */
internal sealed class Tensor {
    /** How many bytes the elements take. */
    abstract val size: Int

    /** Writes the elements at the position of a little-endian buffer, and moves the position behind them. */
    abstract fun writeTo(buffer: ByteBuffer)

    /** What is wrong with giving these for elements of `dtype`; null: nothing. */
    abstract fun objection(dtype: DType): String?

    /** The elements' little-endian bytes. */
    fun toBytes(): ByteArray {
        val buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN)
        writeTo(buffer)
        return buffer.array()
    }

    class Bytes(private val elements: ByteBuffer) : Tensor() {
        private val isBigEndian = elements.order() == ByteOrder.BIG_ENDIAN

        constructor(elements: ByteArray) : this(ByteBuffer.wrap(elements).order(ByteOrder.LITTLE_ENDIAN))

        // The app may move position and limit of its own later.
        private val view = elements.duplicate()

        override val size get() = view.remaining()

        override fun writeTo(buffer: ByteBuffer) {
            buffer.put(view.duplicate())
        }

        override fun objection(dtype: DType): String? {
            val wide = dtype !in setOf(DType.U8, DType.I8, DType.BOOL)
            return if (isBigEndian && wide) "is in a big-endian buffer; set its order to LITTLE_ENDIAN, then fill it" else null
        }
    }

    class Floats(private val elements: FloatArray) : Tensor() {
        override val size get() = Math.multiplyExact(elements.size, Float.SIZE_BYTES)

        override fun writeTo(buffer: ByteBuffer) {
            buffer.asFloatBuffer().put(elements)
            buffer.position(buffer.position() + size)
        }

        override fun objection(dtype: DType) = onlyFor(DType.F32, dtype)
    }

    class Ints(private val elements: IntArray) : Tensor() {
        override val size get() = Math.multiplyExact(elements.size, Int.SIZE_BYTES)

        override fun writeTo(buffer: ByteBuffer) {
            buffer.asIntBuffer().put(elements)
            buffer.position(buffer.position() + size)
        }

        override fun objection(dtype: DType) = onlyFor(DType.I32, dtype)
    }

    class Longs(private val elements: LongArray) : Tensor() {
        override val size get() = Math.multiplyExact(elements.size, Long.SIZE_BYTES)

        override fun writeTo(buffer: ByteBuffer) {
            buffer.asLongBuffer().put(elements)
            buffer.position(buffer.position() + size)
        }

        override fun objection(dtype: DType) = onlyFor(DType.I64, dtype)
    }
}

private fun onlyFor(given: DType, wanted: DType): String? =
    if (given == wanted) null else "has elements of type $wanted; an array of $given was given"
