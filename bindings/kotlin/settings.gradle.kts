// For people with Android Studio: open this folder. Needs an Android SDK; without one, `cargo xtask test` builds and tests it all.
// Before the first time, and after each change in Rust: `cargo xtask bindings`, and `cargo xtask android` for libpforte.so.

pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "pforte"

include(":android", ":portal")
project(":portal").projectDir = file("../../android-sample/app")
