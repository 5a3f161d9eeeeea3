plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
}

val minimum =
    libs.versions.minSdk
        .get()
        .toInt()

android {
    namespace = "com.pforte.android"
    compileSdk =
        libs.versions.compileSdk
            .get()
            .toInt()
    defaultConfig {
        minSdk = minimum
        consumerProguardFiles("consumer-rules.pro")
        // The app's own; here for the tests' manifest.
        manifestPlaceholders["pforteRedirectScheme"] = "com.example.portal"
    }
    sourceSets.named("main") {
        // One source with the library for the JVM, and what UniFFI writes.
        kotlin.srcDirs("../src/main/kotlin", "../target/generated")
        // Java's half of the certificate verifier, and the native library, as `cargo xtask android` lays them out.
        jniLibs.srcDir("../../../target/android/parts/jni")
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

dependencies {
    api(libs.kotlin.stdlib)
    api(libs.kotlinx.coroutines.core)
    implementation(libs.jna) { artifact { type = "aar" } }
    implementation(files("../../../target/android/parts/libs/rustls-platform-verifier.jar"))
    compileOnly(libs.okhttp)
}
