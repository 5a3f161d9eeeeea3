// swift-tools-version:6.0
import PackageDescription

// For Linux alone: the app's code type-checked and its screens operated over stand-ins for Apple's frameworks, by
// `cargo xtask test apple`. On a Mac, open `Portal.xcodeproj`.
let package = Package(
    name: "ios-sample",
    dependencies: [.package(path: "../bindings/swift"), .package(path: "../bindings/apple-stubs")],
    targets: [
        .executableTarget(
            name: "HotelPortal",
            dependencies: [
                .product(name: "PforteApple", package: "swift"), .product(name: "AppleStubs", package: "apple-stubs"),
            ],
            path: "Portal",
            exclude: ["Assets.xcassets", "InfoPlist.xcstrings", "Localizable.xcstrings"]),
        .testTarget(
            name: "HotelPortalTests",
            dependencies: ["HotelPortal", .product(name: "AppleStubs", package: "apple-stubs")],
            path: "Tests"),
    ]
)
