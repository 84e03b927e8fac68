// What a record must hold, and what a model answers.
package dev.dunlin

/** One named value of a record. */
public data class Feature(
    val name: String,
    /** What kind of value it is: the name of the function of [Record] that gives it. */
    val kind: FeatureType,
    /** Element type of a tensor. */
    val dtype: DType?,
    /** Sizes of a tensor's dimensions, slowest-moving first; empty for every other kind. */
    val shape: List<Int>,
    /** Whether every record must hold it. */
    val required: Boolean,
    /** Smallest number, or element of a tensor. */
    val min: Double?,
    /** Largest number, or element of a tensor. */
    val max: Double?,
    /** Smallest integer. */
    val minInteger: Long?,
    /** Largest integer. */
    val maxInteger: Long?,
    /** The vocabulary of a category. */
    val levels: List<String>,
    /** Whether a level outside of the vocabulary is let through. */
    val acceptsUnseen: Boolean,
    /** The longest text, in bytes of UTF-8. */
    val maxBytes: Long?,
    /** Unit of measurement, for people. */
    val unit: String?,
    /** What the journal keeps of it. */
    val privacy: PrivacyClass,
    /** Whether it may leave the device at all. */
    val mayLeave: Boolean,
    /** Why the model needs it. */
    val purpose: String?,
)

/** The kinds of value. */
public enum class FeatureType { NUMBER, INTEGER, CATEGORY, BOOLEAN, TEXT, TENSOR }

/** Type of a tensor's elements. */
public enum class DType { F32, F16, I8, U8, I32, I64, BOOL }

/** What the journal may keep of a value: itself, a hash keyed by this installation, the bin it falls in, or nothing. */
public enum class PrivacyClass { PLAIN, HASH, BUCKET, DROP }

/** One output of a model. */
public data class OutputInfo(
    val name: String,
    /** How its numbers are to be read. */
    val task: OutputTask,
    /** Names of the classes. */
    val classes: List<String>,
    /** Sizes of its dimensions for one record, slowest-moving first. */
    val shape: List<Int>,
    /** Unit of a regression's value, for people. */
    val unit: String?,
)

/** One probability per class; the probability of the second of two classes; real values; a vector. */
public enum class OutputTask { MULTICLASS_CLASSIFICATION, BINARY_CLASSIFICATION, REGRESSION, EMBEDDING }
