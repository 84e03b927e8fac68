// swift-tools-version: 6.0
// The Swift SDK. `cargo xtask xcframework` (on a Mac) or `cargo xtask test swift` (on Linux) makes what stands in
// Generated/ and Frameworks/: the sources that UniFFI writes, and the library itself.

import PackageDescription

#if os(Linux)
let library = Target.systemLibrary(name: "DunlinFFI", path: "Generated/DunlinFFI")
#else
let library = Target.binaryTarget(name: "DunlinFFI", path: "Frameworks/DunlinFFI.xcframework")
#endif

let package = Package(
    name: "Dunlin",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .library(name: "Dunlin", targets: ["Dunlin"]),
        .library(name: "DigitsSample", targets: ["DigitsSample"]),
    ],
    targets: [
        library,
        .target(
            name: "DunlinGenerated",
            dependencies: ["DunlinFFI"],
            path: "Generated/DunlinGenerated",
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: [.linkedLibrary("dunlin_uniffi", .when(platforms: [.linux]))]
        ),
        .target(
            name: "Dunlin",
            dependencies: ["DunlinGenerated"],
            // Of the package and not of the framework: a manifest inside of a static framework is not collected.
            resources: [.copy("PrivacyInfo.xcprivacy")]
        ),
        .target(name: "DigitsSample", dependencies: ["Dunlin"]),
        .executableTarget(name: "KilledDevice", dependencies: ["Dunlin"], path: "Tests/KilledDevice"),
        .testTarget(name: "DunlinTests", dependencies: ["Dunlin", "DigitsSample", "KilledDevice"]),
    ]
)
