//! What happens when the JVM loads the library: native methods are registered, and what their failures need is looked up once.

use std::ffi::c_void;
use std::panic::catch_unwind;
use std::sync::OnceLock;

use jni::ids::JMethodID;
use jni::objects::JClass;
use jni::refs::Global;
use jni::sys::{JNI_ERR, JNI_VERSION_1_6, jint};
use jni::{Env, JavaVM, jni_sig, jni_str};

use crate::native::METHODS;

/// What is looked up once, since class loaders differ by thread.
pub(crate) struct Known {
    pub(crate) failure_class: Global<JClass<'static>>,
    /// `NativeFailure(int kind, String code, String feature, String message)`.
    pub(crate) failure_constructor: JMethodID,
}

static KNOWN: OnceLock<Known> = OnceLock::new();

/// What was looked up; `None` before the JVM has loaded the library.
pub(crate) fn known() -> Option<&'static Known> {
    KNOWN.get()
}

/// The JVM calls this when the class of the native methods loads the library.
#[unsafe(no_mangle)]
pub(crate) extern "system" fn JNI_OnLoad(vm: *mut jni::sys::JavaVM, _reserved: *mut c_void) -> jint {
    // A panic must not reach the JVM. What went wrong is left as the pending exception, which names the missing class or method.
    catch_unwind(|| {
        // SAFETY: the JVM gives its own pointer, which stays valid as long as the process.
        let vm = unsafe { JavaVM::from_raw(vm) };
        match vm.attach_current_thread(set_up) {
            Ok(()) => JNI_VERSION_1_6,
            Err(_) => JNI_ERR,
        }
    })
    .unwrap_or(JNI_ERR)
}

/// Looks up what is needed and registers the native methods.
pub(crate) fn set_up(env: &mut Env<'_>) -> jni::errors::Result<()> {
    let failure = env.find_class(jni_str!("dev/dunlin/internal/NativeFailure"))?;
    let constructor = jni_sig!("(ILjava/lang/String;Ljava/lang/String;Ljava/lang/String;)V");
    let failure_constructor = env.get_method_id(&failure, jni_str!("<init>"), constructor)?;
    let known = Known { failure_class: env.new_global_ref(failure)?, failure_constructor };
    // A second loading finds the same classes.
    let _ = KNOWN.set(known);
    let native = env.find_class(jni_str!("dev/dunlin/internal/Native"))?;
    // SAFETY: `native_method!` has checked each function against its signature, and made it a static one.
    unsafe { env.register_native_methods(&native, METHODS) }
}
