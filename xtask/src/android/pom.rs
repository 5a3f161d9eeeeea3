//! The POMs that go with the packages. Versions come from the POMs that the libraries are built by.

use std::fs;

use super::VERSION;
use crate::run::Stop;
use crate::workspace::Workspace;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
         xsi:schemaLocation="http://maven.apache.org/POM/4.0.0 http://maven.apache.org/xsd/maven-4.0.0.xsd">
  <modelVersion>4.0.0</modelVersion>
"#;

const LICENCES: &str = "  <licenses>
    <license>
      <name>Apache-2.0</name>
    </license>
    <license>
      <name>MIT</name>
    </license>
  </licenses>
";

/// Group, artifact, version, kind, and whether an app decides about it.
type Dependency<'a> = (&'a str, &'a str, &'a str, &'a str, bool);

pub fn android(workspace: &Workspace) -> Result<String, Stop> {
    // JNA's own AAR: its JAR has no libraries for Android.
    let what = "Permission, sign-in, unlock and consent for Android apps, at every touchpoint.";
    written(workspace, "pforte-android", "aar", "Pforte for Android", what, "aar")
}

pub fn jvm(workspace: &Workspace) -> Result<String, Stop> {
    let what = "Permission, sign-in, unlock and consent for apps on the JVM, at every touchpoint.";
    written(workspace, "pforte", "jar", "Pforte for Kotlin on the JVM", what, "jar")
}

fn written(
    workspace: &Workspace,
    artifact: &str,
    kind: &str,
    name: &str,
    what: &str,
    jna: &str,
) -> Result<String, Stop> {
    let built_by = fs::read_to_string(workspace.path("bindings/kotlin/android/pom.xml"))?;
    let version = |property: &str| {
        property_of(&built_by, property)
            .ok_or_else(|| Stop::Failed(format!("android/pom.xml has no {property}")))
    };
    let (kotlin, coroutines) = (version("kotlin.version")?, version("coroutines.version")?);
    let (native, okhttp) = (version("jna.version")?, version("okhttp.version")?);
    let dependencies: [Dependency<'_>; 4] = [
        ("org.jetbrains.kotlin", "kotlin-stdlib", kotlin, "jar", false),
        ("org.jetbrains.kotlinx", "kotlinx-coroutines-core", coroutines, "jar", false),
        ("net.java.dev.jna", "jna", native, jna, false),
        ("com.squareup.okhttp3", "okhttp", okhttp, "jar", true),
    ];
    Ok(format!(
        "{HEAD}  <groupId>com.pforte</groupId>\n  <artifactId>{artifact}</artifactId>\n  <version>{VERSION}</version>\n  \
         <packaging>{kind}</packaging>\n  <name>{name}</name>\n  <description>{what}</description>\n{LICENCES}  \
         <dependencies>\n{}  </dependencies>\n</project>\n",
        dependencies.map(entry).concat()
    ))
}

fn entry((group, artifact, version, kind, optional): Dependency<'_>) -> String {
    let kind = if kind == "jar" { String::new() } else { format!("      <type>{kind}</type>\n") };
    let optional = if optional { "      <optional>true</optional>\n" } else { "" };
    format!(
        "    <dependency>\n      <groupId>{group}</groupId>\n      <artifactId>{artifact}</artifactId>\n      \
         <version>{version}</version>\n{kind}{optional}      <scope>compile</scope>\n    </dependency>\n"
    )
}

/// The value of `<name>value</name>`.
pub fn property_of<'a>(pom: &'a str, name: &str) -> Option<&'a str> {
    pom.split_once(&format!("<{name}>"))?.1.split_once("</").map(|(value, _)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_poms_name_what_the_libraries_stand_on() {
        let workspace = Workspace::here();
        let pom = android(&workspace).unwrap();
        for part in [
            "<packaging>aar</packaging>",
            "<type>aar</type>",
            "<name>Apache-2.0</name>",
            "kotlinx-coroutines-core",
        ] {
            assert!(pom.contains(part), "{part} is not in {pom}");
        }
        assert!(!pom.contains("${"), "{pom}");
        assert!(!jvm(&workspace).unwrap().contains("<type>"));
    }
}
