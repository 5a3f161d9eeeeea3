//! The README's code, written out as files so that the tests of its language compile and run it.
//!
//! A block is taken when the line before its fence says so: `<!-- compile: kotlin-quick-start -->`. The language is
//! the part before the first hyphen; the file is named after the whole: `KotlinQuickStart.kt`.

use std::fs;

use crate::folders;
use crate::run::{Run, Stop};
use crate::workspace::Workspace;

/// Where the snippets stand.
const README: &str = "README.md";

/// A language that README code is compiled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Kotlin,
    Swift,
    /// Kotlin against Android's classes.
    Android,
    /// Swift against the stand-ins for Apple's frameworks.
    Apple,
}

impl Language {
    fn folder(self) -> &'static str {
        match self {
            Self::Kotlin => "bindings/kotlin/src/test/generated",
            Self::Swift => "bindings/swift/Tests/PforteTests/generated",
            Self::Android => "bindings/kotlin/android/src/test/generated",
            Self::Apple => "bindings/swift/Tests/PforteAppleTests/generated",
        }
    }

    fn fence(self) -> &'static str {
        match self {
            Self::Kotlin | Self::Android => "kotlin",
            Self::Swift | Self::Apple => "swift",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Kotlin | Self::Android => "kt",
            Self::Swift | Self::Apple => "swift",
        }
    }
}

/// One block of code.
#[derive(Debug, PartialEq, Eq)]
struct Snippet {
    language: Language,
    name: String,
    code: String,
}

/// Writes the README's snippets of one language, in place of those of the last run.
pub fn write(workspace: &Workspace, run: &mut Run, language: Language) -> Result<(), Stop> {
    let readme = match fs::read_to_string(workspace.path(README)) {
        Ok(readme) => readme,
        Err(error) => return Err(Stop::Failed(format!("{README}: {error}"))),
    };
    let found = extract(&readme).map_err(Stop::Failed)?;
    let folder = workspace.path(language.folder());
    folders::empty(&folder)?;
    let chosen: Vec<_> = found.iter().filter(|snippet| snippet.language == language).collect();
    for snippet in &chosen {
        let text = format!("// From {README}, where it is to be changed.\n{}", snippet.code);
        fs::write(folder.join(format!("{}.{}", snippet.name, language.extension())), text)?;
    }
    let verdict = if chosen.is_empty() {
        Err(format!("no block is marked `<!-- compile: {}-… -->`", language.fence()))
    } else {
        Ok(())
    };
    run.check(&format!("{} {} snippets written out of {README}", chosen.len(), language.fence()), verdict);
    Ok(())
}

/// All marked blocks.
fn extract(readme: &str) -> Result<Vec<Snippet>, String> {
    let mut snippets = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        let Some(mark) =
            line.trim().strip_prefix("<!-- compile: ").and_then(|rest| rest.strip_suffix(" -->"))
        else {
            continue;
        };
        let language = match mark.split('-').next() {
            Some("kotlin") => Language::Kotlin,
            Some("swift") => Language::Swift,
            Some("android") => Language::Android,
            Some("apple") => Language::Apple,
            _ => {
                return Err(format!(
                    "README.md: `{mark}` begins with none of kotlin-, swift-, android- and apple-"
                ));
            }
        };
        if lines.next() != Some(&format!("```{}", language.fence())) {
            return Err(format!("README.md: after the mark `{mark}` a line ```{} is due", language.fence()));
        }
        let mut code = String::new();
        loop {
            match lines.next() {
                Some("```") => break,
                Some(line) => code += &format!("{line}\n"),
                None => return Err(format!("README.md: the block `{mark}` has no end")),
            }
        }
        snippets.push(Snippet { language, name: mark.split('-').map(capitalised).collect(), code });
    }
    Ok(snippets)
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_blocks_are_taken_and_others_left() {
        let readme = "# A\n```kotlin\nno()\n```\n<!-- compile: kotlin-quick-start -->\n```kotlin\na()\n\nb()\n```\n\
            <!-- compile: swift-x -->\n```swift\nc()\n```\n";
        let found = extract(readme).unwrap();
        let kotlin = Snippet {
            language: Language::Kotlin,
            name: "KotlinQuickStart".to_owned(),
            code: "a()\n\nb()\n".to_owned(),
        };
        let swift =
            Snippet { language: Language::Swift, name: "SwiftX".to_owned(), code: "c()\n".to_owned() };
        assert_eq!(found, [kotlin, swift]);
    }

    #[test]
    fn a_mark_that_leads_nowhere_is_an_error() {
        for (readme, why) in [
            ("<!-- compile: ruby-x -->\n```ruby\n```\n", "none of"),
            ("<!-- compile: swift-x -->\n\n```swift\n```\n", "is due"),
            ("<!-- compile: swift-x -->\n```kotlin\n```\n", "is due"),
            ("<!-- compile: swift-x -->\n```swift\nc()\n", "no end"),
        ] {
            let error = extract(readme).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
