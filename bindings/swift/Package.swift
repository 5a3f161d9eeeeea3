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

// The adapters to Apple's frameworks. Elsewhere they are compiled and tested against stand-ins, and only where that is asked
// for: `canImport` would see the stand-ins in every other target, too.
#if os(Linux)
    let onStubs = Context.environment["PFORTE_APPLE_STUBS"] != nil
    let stubs: [Package.Dependency] = onStubs ? [.package(path: "../apple-stubs")] : []
    let frameworks: [Target.Dependency] = [.product(name: "AppleStubs", package: "apple-stubs")]
    let hasApple = onStubs
#else
    let stubs: [Package.Dependency] = []
    let frameworks: [Target.Dependency] = []
    let hasApple = true
#endif
let appleProducts: [Product] = hasApple ? [.library(name: "PforteApple", targets: ["PforteApple"])] : []
let apple: [Target] =
    hasApple
    ? [
        .target(
            name: "PforteApple", dependencies: ["Pforte"] + frameworks, resources: [.copy("PrivacyInfo.xcprivacy")])
    ] : []
// The adapters' tests script the stand-ins, and so run on these alone; all others run without them.
let tests: [Target] =
    stubs.isEmpty
    ? [.testTarget(name: "PforteTests", dependencies: testDependencies)] + testCrypto
    : [.testTarget(name: "PforteAppleTests", dependencies: ["PforteApple"] + frameworks)]

let package = Package(
    name: "Pforte",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [.library(name: "Pforte", targets: ["Pforte"])] + appleProducts,
    dependencies: stubs,
    targets: [
        // The C header, and `link "pforte"`.
        .systemLibrary(name: "pforteFFI"),
        // Written by UniFFI; today's compilers refuse it in Swift 6 mode.
        .target(name: "PforteGenerated", dependencies: ["pforteFFI"], swiftSettings: [.swiftLanguageMode(.v5)]),
        // Written by hand: what apps see.
        .target(name: "Pforte", dependencies: ["PforteGenerated"]),
    ] + apple + tests
)
