//! The Gradle build for Android Studio runs nowhere here. What can be held is held: it names the same versions as the POMs.

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::android::pom::property_of;
    use crate::workspace::Workspace;

    fn text(below: &str) -> String {
        fs::read_to_string(Workspace::here().path(below)).unwrap()
    }

    /// The version behind `name` in the catalogue.
    fn catalogued(catalogue: &str, name: &str) -> String {
        let line = catalogue.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")));
        line.and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or_else(|| panic!("no {name} in the catalogue"))
            .to_owned()
    }

    /// The version that stands after an artifact in a POM.
    fn built_with(pom: &str, artifact: &str) -> String {
        let (_, after) = pom.split_once(&format!("<artifactId>{artifact}</artifactId>")).unwrap();
        property_of(after, "version").unwrap().to_owned()
    }

    #[test]
    fn the_library_has_the_versions_it_is_tested_with() {
        let catalogue = text("bindings/kotlin/gradle/libs.versions.toml");
        let pom = text("bindings/kotlin/android/pom.xml");
        for name in ["kotlin", "coroutines", "jna", "okhttp"] {
            assert_eq!(
                Some(&*catalogued(&catalogue, name)),
                property_of(&pom, &format!("{name}.version")),
                "{name}"
            );
        }
        let least = format!("android:minSdkVersion=\"{}\"", catalogued(&catalogue, "minSdk"));
        assert!(text("bindings/kotlin/android/src/main/AndroidManifest.xml").contains(&least));
        assert!(catalogued(&catalogue, "minSdk") == super::super::MIN_SDK.to_string());
        let jvm = text("bindings/kotlin/pom.xml");
        assert_eq!(property_of(&jvm, "kotlin.version"), property_of(&pom, "kotlin.version"));
        for (name, artifact) in
            [("coroutines", "kotlinx-coroutines-core"), ("jna", "jna"), ("okhttp", "okhttp")]
        {
            assert_eq!(catalogued(&catalogue, name), built_with(&jvm, artifact), "{artifact} for the JVM");
        }
    }

    #[test]
    fn the_sample_has_the_versions_it_is_tested_with() {
        let catalogue = text("bindings/kotlin/gradle/libs.versions.toml");
        let parent = text("android-sample/pom.xml");
        for name in ["kotlin", "coroutines", "jna"] {
            assert_eq!(
                Some(&*catalogued(&catalogue, name)),
                property_of(&parent, &format!("{name}.version")),
                "{name}"
            );
        }
        let compose = text("android-sample/maven/compose/pom.xml");
        for (name, artifact) in [
            ("activity", "activity-compose"),
            ("compose", "foundation-android"),
            ("material3", "material3-android"),
        ] {
            assert_eq!(catalogued(&catalogue, name), built_with(&compose, artifact), "{artifact}");
        }
        let sdk = |name: &str| {
            format!("android:{name}SdkVersion=\"{}\"", catalogued(&catalogue, &format!("{name}Sdk")))
        };
        let manifest = text("android-sample/app/src/main/AndroidManifest.xml");
        assert!(manifest.contains(&sdk("min")) && manifest.contains(&sdk("target")), "{manifest}");
    }

    #[test]
    fn the_build_covers_both_and_names_each_plugin_once() {
        let settings = text("bindings/kotlin/settings.gradle.kts");
        assert!(
            settings.contains("include(\":android\", \":portal\")")
                && settings.contains("../../android-sample/app")
        );
        let catalogue = text("bindings/kotlin/gradle/libs.versions.toml");
        for build in ["bindings/kotlin/android/build.gradle.kts", "android-sample/app/build.gradle.kts"] {
            // Every `libs.` name is one of the catalogue.
            for used in text(build).lines().filter_map(|line| Some(line.split_once("libs.")?.1.to_owned())) {
                let name: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '.').collect();
                let plain =
                    name.trim_start_matches("plugins.").trim_start_matches("versions.").trim_end_matches('.');
                let key = plain.replace('.', "-");
                assert!(
                    catalogue.lines().any(|line| line.starts_with(&format!("{key} = "))),
                    "{build} uses {name}"
                );
            }
        }
    }
}
