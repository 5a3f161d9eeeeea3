//! An XCFramework's table of contents.

use super::{ARCHIVE, Slice};

/// `Info.plist` of a framework with these slices.
pub fn framework(slices: &[&Slice]) -> String {
    let libraries: String = slices.iter().map(|slice| library(slice)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\t<key>AvailableLibraries</key>\n\t<array>\n{libraries}\t</array>\n\
         {}{}</dict>\n</plist>\n",
        entry(1, "CFBundlePackageType", "XFWK"),
        entry(1, "XCFrameworkFormatVersion", "1.0"),
    )
}

fn library(slice: &Slice) -> String {
    let processors: String =
        slice.processors.iter().map(|(name, _)| format!("\t\t\t\t<string>{name}</string>\n")).collect();
    let variant =
        if slice.simulator { entry(3, "SupportedPlatformVariant", "simulator") } else { String::new() };
    format!(
        "\t\t<dict>\n{}{}{}{}\t\t\t<key>SupportedArchitectures</key>\n\t\t\t<array>\n{processors}\t\t\t</array>\n{}{variant}\t\t</dict>\n",
        entry(3, "BinaryPath", ARCHIVE),
        entry(3, "HeadersPath", "Headers"),
        entry(3, "LibraryIdentifier", slice.name),
        entry(3, "LibraryPath", ARCHIVE),
        entry(3, "SupportedPlatform", slice.platform),
    )
}

fn entry(depth: usize, key: &str, value: &str) -> String {
    let indent = "\t".repeat(depth);
    format!("{indent}<key>{key}</key>\n{indent}<string>{value}</string>\n")
}

#[cfg(test)]
mod tests {
    use super::super::SLICES;
    use super::*;

    #[test]
    fn each_slice_is_listed_with_its_processors() {
        let text = framework(&SLICES.iter().collect::<Vec<_>>());
        assert_eq!(text.matches("<key>LibraryIdentifier</key>").count(), 3);
        assert_eq!(text.matches("<string>arm64</string>").count(), 3);
        assert_eq!(text.matches("<string>x86_64</string>").count(), 2);
        assert_eq!(text.matches("<string>simulator</string>").count(), 1);
        let simulator = text.split("<dict>").find(|part| part.contains("-simulator")).unwrap();
        assert!(
            simulator.contains("<string>ios</string>") && simulator.contains("SupportedPlatformVariant"),
            "{simulator}"
        );
    }
}
