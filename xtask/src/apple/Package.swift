// swift-tools-version:6.0
import PackageDescription

let package = Package(
    name: "Pforte",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        // The library, for apps that fill its ports themselves.
        .library(name: "Pforte", targets: ["Pforte"]),
        // The library with Apple's adapters and ready-made asks: what most apps want.
        .library(name: "PforteApple", targets: ["PforteApple"]),
    ],
    targets: [
        .binaryTarget(name: "pforteFFI", path: "pforteFFI.xcframework"),
        .target(
            name: "PforteGenerated", dependencies: ["pforteFFI"], swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: [
                .linkedFramework("CoreFoundation"), .linkedFramework("Security"), .linkedLibrary("iconv"),
            ]),
        .target(name: "Pforte", dependencies: ["PforteGenerated"]),
        .target(name: "PforteApple", dependencies: ["Pforte"], resources: [.copy("PrivacyInfo.xcprivacy")]),
    ]
)
