// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// Settings that every Swift target shares. Tools version 6.x already selects the Swift 6 language mode.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Intel's ISA-L compresses gzip about five times as fast as zlib. It is used where its header is installed
/// (Debian: `libisal-dev`); `DR_WITHOUT_ISAL=1` builds the portable path instead, over zlib alone.
let environment = ProcessInfo.processInfo.environment
let hasISAL =
    environment["DR_WITHOUT_ISAL"] == nil && FileManager.default.fileExists(atPath: "/usr/include/isa-l.h")
let isal: [Target.Dependency] = hasISAL ? ["CISAL"] : []
let strictISAL = hasISAL ? strict + [.define("ISAL")] : strict

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// One layer of the house: a library target and, beside it, its tests.
func layer(
    _ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = strict
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, exclude: exclude,
        swiftSettings: strict)
}

/// What can be backed up: one target to a kind of component.
let kinds = [
    layer("FileTree", ["Repository", "IgnorePatterns", "OutsideData"]),
    layer(
        "PrometheusSnapshot", ["Repository", "HTTP", "Cryptography", "Blocking", "OutsideData", yams, logging]),
    layer("GitConfiguration", ["Repository", "Programs", "Blocking", "Files", logging]),
    layer(
        "LokiArchive",
        ["Repository", "HTTP", "Cryptography", "Archiving", "JSONText", "Blocking", "OutsideData", yams, logging]),
    layer("ElasticsearchSnapshot", ["Repository", "HTTP", "JSONText", "Blocking", "OutsideData", logging]),
    layer(
        "GrafanaExport",
        ["Repository", "HTTP", "Cryptography", "JSONText", "Blocking", "OutsideData", "Files", logging]),
]

/// Scenarios with a plan in `plans/`.
let shippedPlans = [
    "complete_cluster_loss", "prometheus_data_corruption", "monitoring_namespace_deletion", "component_update",
    "incident_response",
]

// Lower layers first: no target depends on one below it in this list.
let package = Package(
    name: "dr",
    products: [.executable(name: "dr", targets: ["dr"]), .executable(name: "dr-lab", targets: ["dr-lab"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.0"),
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        .target(name: "CLinux"),

        layer("OutsideData", []),
        layer("Console", ["OutsideData"]),
        layer("Files", ["Console"]),
        layer("Blocking", ["CLinux"]),
        layer("Programs", ["CLinux"]),
        layer("JSONText", []),
        layer("IgnorePatterns", []),
        layer("StrictYAML", ["OutsideData", "Files", "JSONText", yams]),
        layer("Charts", ["OutsideData"]),
        layer("Retention", ["Charts", "OutsideData"]),
        layer("Forecast", ["OutsideData"]),
        layer("Schedules", []),
        layer("Cryptography", ["COpenSSL"] + isal, settings: strictISAL),
        layer("Archiving", ["CArchive", "CZlib", "Cryptography"] + isal, settings: strictISAL),
        layer("HTTP", ["CCurl", "Blocking", "OutsideData", logging]),
        layer("ObjectStorage", ["Blocking", "Cryptography"]),
        layer("S3", ["HTTP", "ObjectStorage", "Cryptography", "Blocking", "OutsideData", logging]),
        layer("Catalog", ["CSQLite", "Cryptography", "OutsideData"]),
        layer(
            "Repository",
            [
                "ObjectStorage", "Archiving", "Catalog", "Cryptography", "JSONText", "Retention", "Blocking", "CLinux",
                "OutsideData", "Files", logging,
            ]),
        layer("Mail", ["CCurl"]),
        layer("Notifications", ["HTTP", "Mail", "JSONText", "Blocking", "OutsideData"]),
        layer("Configuration", ["StrictYAML", "JSONText", "IgnorePatterns", "Retention", "Notifications", yams]),
        layer(
            "RecoveryChecks", ["Repository", "HTTP", "JSONText", "Cryptography", "Blocking", "OutsideData", "Files"]),
        layer(
            "RecoveryPlan",
            [
                "RecoveryChecks", "Notifications", "Programs", "StrictYAML", "JSONText", "HTTP", "Cryptography",
                "Blocking", "Forecast", "CLinux", "OutsideData", "Files", yams, logging,
            ]),
        // The plans that the program knows by itself: their text, compiled in.
        .target(
            name: "ShippedPlans", path: "plans",
            resources: shippedPlans.map { .embedInCode("\($0).yaml") }, swiftSettings: strict),
        layer("Reporting", ["RecoveryPlan", "RecoveryChecks", "Cryptography", "OutsideData", "Files", mustache]),
        layer("Drills", ["ObjectStorage", "Programs", "HTTP", "Cryptography", "Blocking", "Files"]),
        .executableTarget(
            name: "dr",
            dependencies: kinds.map { .byName(name: $0.name) } + [
                "Repository", "S3", "ObjectStorage", "Retention", "Forecast", "Charts", "Schedules", "Configuration",
                "StrictYAML", "Blocking", "HTTP", "Cryptography", "Catalog", "RecoveryPlan", "ShippedPlans",
                "RecoveryChecks", "Notifications", "Mail",
                "Reporting", "Drills", "Programs", "JSONText", "OutsideData", "Console", "Files", argumentParser,
                logging,
            ],
            swiftSettings: strict),

        // Real servers on free ports, stand-ins where no real one can be installed: for the demo, drills and tests.
        layer(
            "Lab",
            [
                .product(name: "FlyingFox", package: "FlyingFox"), .product(name: "FlyingSocks", package: "FlyingFox"),
                "Blocking", "Programs", "JSONText", "Archiving", "Cryptography",
            ]),
        .executableTarget(
            name: "dr-lab",
            dependencies: [
                "Lab", "HTTP", "JSONText", "Blocking", "Cryptography", "Repository", "ObjectStorage", "Retention",
                "Console", argumentParser,
            ],
            swiftSettings: strict),

        tests(of: "OutsideData"),
        tests(of: "Console"),
        tests(of: "Files", ["Lab"]),
        tests(of: "Blocking"),
        tests(of: "Programs", ["Blocking", "Lab"]),
        tests(of: "JSONText"),
        tests(of: "IgnorePatterns", ["Lab"]),
        tests(of: "Cryptography"),
        tests(of: "Archiving", ["Lab"]),
        tests(of: "HTTP", ["Lab"]),
        tests(of: "ObjectStorage", ["S3", "Lab", "Cryptography", logging]),
        tests(of: "S3", ["HTTP", "ObjectStorage", "Cryptography", "Lab", logging]),
        tests(of: "Catalog", ["Lab"]),
        tests(
            of: "Repository",
            [
                "ObjectStorage", "FileTree", "Archiving", "Catalog", "Blocking", "Cryptography", "Retention", "Lab",
                logging,
            ]),
        tests(of: "PrometheusSnapshot", ["Repository", "HTTP", "Cryptography", "Lab", logging]),
        tests(of: "GitConfiguration", ["Repository", "Programs", "Blocking", "Lab", logging]),
        tests(
            of: "LokiArchive",
            ["Repository", "HTTP", "Archiving", "Cryptography", "JSONText", "Blocking", "Lab", logging]),
        tests(of: "ElasticsearchSnapshot", ["Repository", "HTTP", "JSONText", "Blocking", "Lab", logging]),
        tests(of: "GrafanaExport", ["Repository", "HTTP", "JSONText", "Blocking", "Lab", logging]),
        tests(of: "Retention"),
        tests(of: "Charts"),
        tests(of: "Forecast"),
        tests(of: "Schedules", ["Lab"]),
        tests(of: "StrictYAML"),
        tests(of: "Configuration", ["StrictYAML", "Retention", "Notifications"]),
        tests(of: "RecoveryChecks", ["Repository", "HTTP", "JSONText", "Blocking", "Lab"]),
        tests(of: "Mail", ["Blocking", "Lab"]),
        tests(of: "Notifications", ["HTTP", "Mail", "JSONText", "Blocking", "Lab"]),
        tests(
            of: "RecoveryPlan",
            [
                "RecoveryChecks", "Notifications", "Programs", "ShippedPlans", "StrictYAML", "JSONText", "HTTP",
                "Blocking", "Forecast", "Cryptography", "Lab", logging,
            ]),
        tests(of: "Reporting", ["RecoveryChecks", "RecoveryPlan", "Cryptography", "Lab"]),
        tests(of: "Drills", ["ObjectStorage", "Blocking", "Lab"]),
        tests(of: "Lab", ["HTTP", "JSONText", "Blocking"]),
        // The built binary, as a user runs it.
        .testTarget(
            name: "JourneyTests",
            dependencies: [
                "dr", "dr-lab", "Lab", "Cryptography", "JSONText", "RecoveryChecks", "RecoveryPlan", "Repository",
                "ObjectStorage", "Blocking", logging,
            ],
            swiftSettings: strict),
    ] + kinds + (hasISAL ? [.systemLibrary(name: "CISAL", providers: [.apt(["libisal-dev"])])] : [])
)
