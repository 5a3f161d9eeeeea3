// Opened by way of bindings/kotlin, which holds the settings and the versions.
plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
    alias(libs.plugins.kotlin.compose)
}

android {
    namespace = "com.example.portal"
    compileSdk =
        libs.versions.compileSdk
            .get()
            .toInt()
    defaultConfig {
        applicationId = "com.example.portal"
        minSdk =
            libs.versions.minSdk
                .get()
                .toInt()
        targetSdk =
            libs.versions.targetSdk
                .get()
                .toInt()
        versionCode = 1
        versionName = "1.0"
        manifestPlaceholders["pforteRedirectScheme"] = "com.example.portal"
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
    sourceSets.named("main") {
        assets.srcDir(layout.buildDirectory.dir("policy-assets"))
    }
}

// The policy is one for all samples.
val copyPolicy by tasks.registering(Copy::class) {
    from("../../core/gate/portal")
    into(layout.buildDirectory.dir("policy-assets/policy"))
}

tasks.named("preBuild") { dependsOn(copyPolicy) }

dependencies {
    implementation(project(":android"))
    implementation(libs.androidx.activity.compose)
    implementation(libs.androidx.compose.foundation)
    implementation(libs.androidx.compose.material3)
    implementation(libs.kotlinx.coroutines.android)
    implementation(libs.okhttp)
}
