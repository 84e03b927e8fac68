// What the app wants an answer for.
package dev.dunlin

import dev.dunlin.internal.Given
import dev.dunlin.internal.Tensor
import java.nio.ByteBuffer

/** Makes a record: `record { number("age", 41.0); category("colour", "red") }`. */
public inline fun record(fill: Record.() -> Unit): Record = Record().apply(fill)

/**
 * Values by name, in any order; of two values of one name the last stands. A record belongs to no session and may be used
 * again. Arrays and buffers are not copied: leave them as they are until the prediction is made.
 *
 * Fill a record from one thread at a time.
 */
public class Record {
    internal val given: ArrayList<Given> = ArrayList()
    internal var json: String? = null
        private set

    /** Gives a real number. */
    public fun number(name: String, value: Double) {
        given += Given.Number(name, value)
    }

    /** Gives a whole number. */
    public fun integer(name: String, value: Long) {
        given += Given.Integer(name, value)
    }

    /** Gives true or false. */
    public fun boolean(name: String, value: Boolean) {
        given += Given.Truth(name, value)
    }

    /** Gives a level of a category. */
    public fun category(name: String, level: String) {
        given += Given.Category(name, level)
    }

    /** Gives a text. */
    public fun text(name: String, text: String) {
        given += Given.Text(name, text)
    }

    /**
     * Gives a tensor as its elements' little-endian bytes, row-major: those between the buffer's position and limit, which
     * stay as they are. Direct, heap and read-only buffers all do. A buffer whose order is big-endian (as every new
     * [ByteBuffer] is) is refused where the elements take more than one byte.
     */
    public fun tensor(name: String, elements: ByteBuffer) {
        given += Given.OfTensor(name, Tensor.Bytes(elements))
    }

    /** Gives a tensor as its elements' little-endian bytes, row-major. */
    public fun tensor(name: String, elements: ByteArray) {
        given += Given.OfTensor(name, Tensor.Bytes(elements))
    }

    /** Gives a tensor of 32-bit floats, row-major. */
    public fun tensor(name: String, elements: FloatArray) {
        given += Given.OfTensor(name, Tensor.Floats(elements))
    }

    /** Gives a tensor of 32-bit integers, row-major. */
    public fun tensor(name: String, elements: IntArray) {
        given += Given.OfTensor(name, Tensor.Ints(elements))
    }

    /** Gives a tensor of 64-bit integers, row-major. */
    public fun tensor(name: String, elements: LongArray) {
        given += Given.OfTensor(name, Tensor.Longs(elements))
    }

    /** Gives a whole record as one JSON object; values given by name go before it. Slower than giving values by name. */
    public fun json(text: String) {
        json = text
    }
}
