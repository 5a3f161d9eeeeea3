// swift-tools-version:6.0
import PackageDescription

// Stand-ins for Apple's frameworks, so that code for Apple's platforms is type-checked and run on Linux. They are not Apple's
// SDK: see README.md. Of no use on a Mac, which has the frameworks themselves.
let package = Package(
    name: "apple-stubs",
    products: [
        .library(
            name: "AppleStubs",
            targets: ["Security", "LocalAuthentication", "AuthenticationServices", "UIKit", "SwiftUI", "PhotosUI"])
    ],
    targets: [
        // The keys of the fake keychain sign with OpenSSL.
        .systemLibrary(name: "CStubCrypto"),
        .target(name: "Security", dependencies: ["CStubCrypto"]),
        .target(name: "LocalAuthentication", dependencies: ["Security"]),
        .target(name: "AuthenticationServices", dependencies: ["UIKit"]),
        .target(name: "UIKit"),
        .target(name: "SwiftUI", dependencies: ["UIKit"]),
        .target(name: "PhotosUI", dependencies: ["SwiftUI"]),
    ]
)
