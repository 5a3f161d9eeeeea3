//! What Android's Java virtual machine has to be asked for once: the way to its certificate verifier.
//!
//! `com.pforte.android.CertificateVerifier.initialise(Context)` in Kotlin is this function here. It must come before the first
//! connection: the verifier has no other way to the system's trust store.

use jni::EnvUnowned;
use jni::errors::ThrowRuntimeExAndDefault;
use jni::objects::{JClass, JObject};

/// Keeps the virtual machine, the application's context and its class loader for the certificate verifier. A second call
/// changes nothing. What goes wrong arrives in Kotlin as a `RuntimeException`.
#[jni::jni_mangle("com.pforte.android.CertificateVerifier")]
pub fn initialise<'local>(mut env: EnvUnowned<'local>, _class: JClass<'local>, context: JObject<'local>) {
    env.with_env(|env| rustls_platform_verifier::android::init_with_env(env, context))
        .resolve::<ThrowRuntimeExAndDefault>();
}
