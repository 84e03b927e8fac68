// What came of computing answers in advance.
package dev.dunlin

/** What was computed in advance. */
public data class PrecomputeReport(
    /** Records given. */
    val records: Long,
    /** Answers kept. */
    val kept: Long,
    /** Records that came before. */
    val repeated: Long,
    /** Answers that the guard did not accept: such a record is answered as it comes. */
    val notAccepted: Long,
    /** Records that the schema refused. */
    val refused: Long,
    /** Accepted answers for which there was no room any more. */
    val leftOut: Long,
    /** Bytes of the file, and of memory in every process that has the model loaded. */
    val bytes: Long,
)
