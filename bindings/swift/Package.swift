// swift-tools-version:6.0
import PackageDescription

// `cargo xtask bindings` first: it writes `Sources/*/generated`. `cargo xtask test swift` does that and runs the tests.
#if os(Linux)
    // The tests' ports sign with OpenSSL where there is no CryptoKit.
    let testCrypto: [Target] = [.systemLibrary(name: "CTestCrypto", path: "Tests/CTestCrypto")]
    let testDependencies: [Target.Dependency] = ["Pforte", "CTestCrypto"]
#else
    let testCrypto: [Target] = []
    let testDependencies: [Target.Dependency] = ["Pforte"]
#endif

let package = Package(
    name: "Pforte",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [.library(name: "Pforte", targets: ["Pforte"])],
    targets: [
        // The C header, and `link "pforte"`.
        .systemLibrary(name: "pforteFFI"),
        // Written by UniFFI; today's compilers refuse it in Swift 6 mode.
        .target(name: "PforteGenerated", dependencies: ["pforteFFI"], swiftSettings: [.swiftLanguageMode(.v5)]),
        // Written by hand: what apps see.
        .target(name: "Pforte", dependencies: ["PforteGenerated"]),
        .testTarget(name: "PforteTests", dependencies: testDependencies),
    ] + testCrypto
)
