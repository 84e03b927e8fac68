//! What fails, and how it is thrown: as the one exception that the Kotlin side turns into its own.

use std::any::Any;

use dunlin_uniffi::{DunlinError, boundary};
use jni::Env;
use jni::errors::ErrorPolicy;
use jni::objects::{JObject, JString, JThrowable};
use jni::sys::jvalue;

use crate::load::known;

/// Why a native method has no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Dunlin says why.
    Dunlin(DunlinError),
    /// The JVM did not do what it was asked to; an exception of its own may be pending.
    Jvm(jni::errors::Error),
}

impl Failure {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Dunlin(DunlinError::InvalidArgument { message: message.into() })
    }
}

impl From<DunlinError> for Failure {
    fn from(error: DunlinError) -> Self {
        Self::Dunlin(error)
    }
}

impl From<jni::errors::Error> for Failure {
    fn from(error: jni::errors::Error) -> Self {
        Self::Jvm(error)
    }
}

/// Throws a `NativeFailure`, unless an exception is pending already.
pub(crate) struct ThrowNativeFailure;

impl<T: Default> ErrorPolicy<T, Failure> for ThrowNativeFailure {
    type Captures<'unowned_env_local: 'native_method, 'native_method> = ();

    fn on_error<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        _captures: &mut (),
        failure: Failure,
    ) -> jni::errors::Result<T> {
        throw(env, &failure)?;
        Ok(T::default())
    }

    fn on_panic<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        _captures: &mut (),
        panic: Box<dyn Any + Send + 'static>,
    ) -> jni::errors::Result<T> {
        throw(env, &Failure::Dunlin(boundary::error_of_panic(&*panic)))?;
        Ok(T::default())
    }
}

fn throw(env: &mut Env<'_>, failure: &Failure) -> jni::errors::Result<()> {
    if env.exception_check() {
        return Ok(());
    }
    let internal;
    let error = match failure {
        Failure::Dunlin(error) => error,
        Failure::Jvm(error) => {
            internal = DunlinError::Internal { message: format!("the JVM refused a call: {error}") };
            &internal
        }
    };
    let Some(known) = known() else { return Ok(()) };
    let code = text(env, error.code())?;
    let feature = text(env, error.feature())?;
    let message = text(env, Some(&error.to_string()))?;
    let arguments = [
        jvalue { i: error.kind() },
        jvalue { l: code.as_raw() },
        jvalue { l: feature.as_raw() },
        jvalue { l: message.as_raw() },
    ];
    // SAFETY: the constructor is of this very class and takes an int and three strings, each of which may be null; the
    // strings live to the end of this function.
    let thrown = unsafe { env.new_object_unchecked(&known.failure_class, known.failure_constructor, &arguments)? };
    let thrown = env.cast_local::<JThrowable<'_>>(thrown)?;
    // It returns an error once the exception is thrown, which is what was to be done.
    let _ = env.throw(thrown);
    Ok(())
}

/// A Java string, or null.
fn text<'local>(env: &mut Env<'local>, text: Option<&str>) -> jni::errors::Result<JObject<'local>> {
    match text {
        Some(text) => Ok(JString::from_str(env, text)?.into()),
        None => Ok(JObject::null()),
    }
}
