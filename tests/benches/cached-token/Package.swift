// swift-tools-version:6.0
import PackageDescription

// A contender of `cargo xtask bench vault`. Its ports are those of the library's own tests, by symbolic links.
#if os(Linux)
    let crypto: [Target] = [.systemLibrary(name: "CTestCrypto")]
    let dependencies: [Target.Dependency] = [.product(name: "Pforte", package: "swift"), "CTestCrypto"]
#else
    let crypto: [Target] = []
    let dependencies: [Target.Dependency] = [.product(name: "Pforte", package: "swift")]
#endif

let package = Package(
    name: "CachedToken",
    platforms: [.macOS(.v13)],
    dependencies: [.package(path: "../../../bindings/swift")],
    targets: [.executableTarget(name: "CachedToken", dependencies: dependencies)] + crypto
)
