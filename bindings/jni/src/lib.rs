//! `libdunlin.so` for the JVM: the symbols of dunlin-uniffi, and the hot path over direct buffers.
//!
//! The class `dev.dunlin.internal.Native` declares four static native methods, which [`JNI_OnLoad`](load) registers:
//!
//! ```java
//! static native void lend(long session, ByteBuffer record, ByteBuffer answer);
//! static native int predict(long session, int length);
//! static native int predictFor(long session, String subject, int length);
//! static native int predictPatiently(long session, int length);
//! ```
//!
//! A session is lent one pair of buffers and predicts through it from then on: asking two buffers where they lie takes longer
//! than the rest of the way from Java to Rust. Predictions return how many bytes the answer takes. What fails is thrown as a
//! `dev.dunlin.internal.NativeFailure`.

mod buffers;
mod failure;
mod load;
mod native;
#[cfg(test)]
mod tests;

dunlin_uniffi::uniffi_reexport_scaffolding!();
