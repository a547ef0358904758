// swift-tools-version: 6.3

import PackageDescription

/// The guest agent is a Linux program.
///
/// Leaving it out of the graph elsewhere keeps `swift build` and `swift test`
/// whole on a Mac without an `#if os(Linux)` around every file. Set `DVM_GUEST`
/// to put it back when cross-compiling with a Linux Swift SDK.
#if os(Linux)
let buildsGuest = true
#else
let buildsGuest = Context.environment["DVM_GUEST"] != nil
#endif

/// Every target we own is held to the same rules.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "dvm",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "dvm-host", targets: ["dvm-host"])
    ],
    dependencies: [
        // Command lines: help, completion and suggestions for misspelt words that people know from other Swift tools.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        // File descriptors, paths and errno as types, on both platforms and without Foundation.
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        // Starting limactl and bash with limits on time and output; its Foundation trait stays off (58 MB instead of 8).
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .target(name: "DVMProtocol", path: "Sources/Protocol", swiftSettings: strict),
        .target(
            name: "DVMTransfer",
            dependencies: [
                "DVMProtocol",
                .product(name: "SystemPackage", package: "swift-system", condition: .when(platforms: [.linux])),
            ],
            path: "Sources/Transfer",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "dvm-host",
            dependencies: [
                "DVMProtocol", "DVMTransfer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system", condition: .when(platforms: [.linux])),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "Benchmarks",
            dependencies: ["DVMProtocol"],
            path: "Tests/Benchmarks",
            swiftSettings: strict
        ),
        .target(name: "TestSupport", dependencies: ["DVMProtocol"], path: "Tests/Support/Swift", swiftSettings: strict),
        .testTarget(name: "ProtocolTests", dependencies: ["DVMProtocol", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "HostTests",
            dependencies: ["dvm-host", "DVMTransfer", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StandInTests",
            dependencies: ["dvm-host", "DVMTransfer", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),
    ]
)

if buildsGuest {
    package.products.append(.executable(name: "dvm-guest", targets: ["dvm-guest"]))
    package.targets += [
        .systemLibrary(name: "CCap", pkgConfig: "libcap", providers: [.apt(["libcap-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .target(name: "CLinux"),
        .executableTarget(
            name: "dvm-guest",
            dependencies: [
                "CCap", "CLinux", "CSeccomp", "DVMProtocol", "DVMTransfer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "GuestTests", dependencies: ["dvm-guest", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "NativeTests", dependencies: ["dvm-guest", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "PipeTests", dependencies: ["dvm-guest", "dvm-host", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "VMTests", dependencies: ["dvm-guest", "dvm-host", "TestSupport"], swiftSettings: strict),
    ]
}
