//! `libdunlin.so` for the JVM: the symbols of dunlin-uniffi, and the hot path over direct buffers.
//!
//! The class `dev.dunlin.internal.Native` declares two static native methods, which [`JNI_OnLoad`](load) registers:
//!
//! ```java
//! static native int predict(long session, ByteBuffer record, int offset, int length,
//!                           ByteBuffer answer, int answerOffset, int answerLength);
//! static native int predictFor(long session, String subject, ByteBuffer record, int offset, int length,
//!                              ByteBuffer answer, int answerOffset, int answerLength);
//! ```
//!
//! Both return how many bytes the answer takes. What fails is thrown as a `dev.dunlin.internal.NativeFailure`.

mod buffers;
mod failure;
mod load;
mod native;
#[cfg(test)]
mod tests;

dunlin_uniffi::uniffi_reexport_scaffolding!();
