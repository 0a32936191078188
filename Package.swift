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

/// Settings of targets whose code is many times as large as the time in it: the commands, the reports, the pages, and
/// those whose time is that of the libraries in C that hash, compress and send (docs/performance.md, "Profile").
let small = strict + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

/// Settings of libraries that loop over bytes and values. Unoptimised, each step of such a loop looks up generic metadata
/// again: that took two fifths of the processor time of the whole suite. Tests run optimised code of these libraries.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// Relative relocations take two megabytes, and a few kilobytes packed. glibc 2.36 and the portable archive's loader read
/// them; of the linkers, lld writes them.
let packed: [LinkerSetting] = [
    .unsafeFlags(
        ["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker", "-O2"],
        .when(configuration: .release))
]

/// Intel's ISA-L compresses gzip about five times as fast as zlib. It is used where its header is installed
/// (Debian: `libisal-dev`); `DR_WITHOUT_ISAL=1` builds the portable path instead, over zlib alone.
let environment = ProcessInfo.processInfo.environment
let hasISAL =
    environment["DR_WITHOUT_ISAL"] == nil && FileManager.default.fileExists(atPath: "/usr/include/isa-l.h")
let isal: [Target.Dependency] = hasISAL ? ["CISAL"] : []
let strictISAL = hasISAL ? strict + [.define("ISAL")] : strict

/// `DR_PROGRAM_ONLY=1` leaves out the lab and the tests: `make build` sets it.
let hasLab = environment["DR_PROGRAM_ONLY"] == nil

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

/// One library target.
func layer(
    _ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = strict
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of one target.
/// - Parameter inLab: true if they need servers, stand-ins, temporary folders or the fixtures.
func tests(of name: String, _ dependencies: [Target.Dependency] = [], inLab: Bool = true) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + (inLab ? ["Lab"] : []) + dependencies,
        swiftSettings: strict)
}

/// C libraries as modules.
let libraries: [Target] =
    [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CHaru", providers: [.apt(["libhpdf-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .target(name: "CLinux"),
        // The published JSON Schemas: their text, compiled in.
        .target(name: "CSchemas"),
    ] + (hasISAL ? [.systemLibrary(name: "CISAL", providers: [.apt(["libisal-dev"])])] : [])

/// One target for each kind of component.
let kinds = [
    layer("FileTree", ["Components", "BackupRepository", "Documents", "Platform", system], settings: small),
    layer("Git", ["Components", "BackupRepository", "Documents", "Platform", system, logging], settings: small),
    layer(
        "Prometheus",
        ["Components", "BackupRepository", "Documents", "HTTP", "Cryptography", "Platform", system, logging],
        settings: strict + optimised),
    layer(
        "Loki",
        [
            "Components", "BackupRepository", "Documents", "HTTP", "Cryptography", "Archiving", "Platform", system,
            logging,
        ], settings: small + optimised),
    layer(
        "Bucket",
        [
            "Loki", "Prometheus", "S3", "ObjectStorage", "Components", "BackupRepository", "Documents", "HTTP",
            "Cryptography", "Platform", logging,
        ], settings: small),
    layer(
        "Elasticsearch", ["Components", "BackupRepository", "Documents", "HTTP", "Platform", system, logging],
        settings: small),
    layer(
        "Grafana",
        ["Components", "BackupRepository", "Documents", "HTTP", "Cryptography", "Platform", system, logging],
        settings: small),
    layer("Alertmanager", ["Components", "BackupRepository", "Documents", "HTTP", "Platform"], settings: small),
    layer(
        "NamespaceObjects",
        ["Components", "Kubernetes", "BackupRepository", "Documents", "Cryptography", "Platform"], settings: small),
]

let everyKind = kinds.map { Target.Dependency.byName(name: $0.name) }

/// Scenarios with a plan in `plans/`.
let shippedPlans = [
    "complete_cluster_loss", "prometheus_data_corruption", "monitoring_namespace_deletion", "component_update",
    "incident_response",
]

/// The program and its libraries. Lower layers first: no target depends on one below it in this list.
let program: [Target] =
    [
        layer("Platform", ["CLinux", system], settings: strict + optimised),
        layer("Documents", ["CYAML", "Platform"], settings: strict + optimised),
        layer("Mustache", [], settings: small + optimised),
        layer("Trends", ["Platform"], settings: small + optimised),
        layer("Metrics", ["Documents", "Platform"], settings: small + optimised),
        layer("Retention", ["Trends", "Platform"], settings: small + optimised),
        layer("Cryptography", ["COpenSSL", "Platform", system] + isal, settings: strictISAL + optimised),
        layer("Archiving", ["CArchive", "CZlib", "Platform"] + isal, settings: strictISAL + optimised),
        layer("Printing", ["CQREncode", "CHaru", "Platform"], settings: small),
        layer("HTTP", ["CCurl", "Documents", "Platform"], settings: small + optimised),
        // Every request to an API server, by kubectl.
        layer("Kubernetes", ["HTTP", "Documents", "Platform"], settings: small),
        layer("ObjectStorage", ["Platform", "Cryptography", "Metrics", system], settings: strict + optimised),
        layer(
            "S3", ["HTTP", "ObjectStorage", "Cryptography", "Platform", system, logging], settings: small + optimised),
        layer(
            "BackupRepository",
            [
                "CSQLite", "ObjectStorage", "Archiving", "Cryptography", "Documents", "Retention", "Platform", "CLinux",
                system, logging,
            ], settings: small + optimised),
        layer("Notifications", ["CCurl", "HTTP", "Documents", "Platform", "Mustache"], settings: small),
        // The link between dr and a mover: a pod beside the data of a component.
        layer(
            "Mover", ["CLinux", "BackupRepository", "ObjectStorage", "Cryptography", "Documents", "Platform", system],
            settings: small),
        // The protocol that every kind of component conforms to, and the framework of the checks.
        layer("Components", ["BackupRepository", "HTTP", "Documents", "Cryptography", "Platform"], settings: small),
        layer(
            "StackConfiguration",
            ["BackupRepository", "Components", "Documents", "Retention", "Notifications", "Platform"], settings: small),
    ] + kinds + [
        layer(
            "RecoveryPlan",
            [
                "Components", "Kubernetes", "Notifications", "Documents", "HTTP", "Cryptography", "Platform", "Trends",
                "CLinux", system, logging,
            ], settings: small),
        // The plans that the program knows by itself: their text, compiled in.
        .target(
            name: "ShippedPlans", path: "plans",
            resources: shippedPlans.map { .embedInCode("\($0).yaml") }, swiftSettings: strict),
        layer(
            "Reporting", ["RecoveryPlan", "Components", "Documents", "Cryptography", "Platform", "Mustache"],
            settings: small),
        // Everything that the commands do: a command parses, calls one of these, and prints.
        layer(
            "Operations",
            [
                "Components", "BackupRepository", "S3", "ObjectStorage", "Archiving", "Retention", "Trends",
                "StackConfiguration",
                "Documents", "HTTP", "Kubernetes", "Cryptography", "Mover", "RecoveryPlan", "ShippedPlans",
                "Notifications", "Printing", "Reporting", "Metrics", "Platform", logging, "Mustache",
            ], settings: small),
        layer(
            "Drills",
            [
                "Operations", "Components", "Kubernetes", "BackupRepository", "ObjectStorage", "StackConfiguration",
                "Documents", "HTTP", "Cryptography", "RecoveryPlan", "Notifications", "Reporting",
                "Platform",
                system,
            ], settings: small),
        // The web console: its server, its pages and the API.
        layer(
            "Console",
            [
                "CMicroHTTPD", "CSchemas", "Operations", "BackupRepository", "ObjectStorage", "RecoveryPlan",
                "Reporting",
                "Retention", "StackConfiguration", "Documents", "Cryptography", "HTTP", "Metrics", "Mustache",
                "Platform", "Trends",
                system,
            ], settings: small),
        .executableTarget(
            name: "dr",
            dependencies: everyKind + [
                "Operations", "Drills", "Console", "Components", "BackupRepository", "ObjectStorage", "Retention",
                "StackConfiguration", "Documents", "Cryptography", "Kubernetes", "Mover", "RecoveryPlan",
                "Notifications", "Reporting", "Platform", argumentParser,
            ],
            swiftSettings: small, linkerSettings: packed),
    ]

/// Real servers on free ports, and stand-ins where no real one can be installed: for the demo, the benchmark and tests.
let lab: [Target] = [
    .target(
        name: "Lab",
        dependencies: [
            "CLinux", "CZlib", "HTTP", "ObjectStorage", "Platform", "Documents", "Archiving", "Cryptography",
        ],
        path: "Lab/Lab", swiftSettings: strict + optimised),
    // Hostile inputs for everything that reads data from outside.
    .target(
        name: "Fuzzing",
        dependencies: everyKind + [
            "Lab", "S3", "ObjectStorage", "BackupRepository", "Retention", "StackConfiguration", "RecoveryPlan",
            "ShippedPlans", "Reporting", "Components", "Documents", "HTTP", "Cryptography", "Archiving", "Platform",
            logging,
        ],
        path: "Lab/Fuzzing", swiftSettings: strict),
    .executableTarget(
        name: "dr-lab",
        dependencies: [
            "Lab", "Fuzzing", "HTTP", "Documents", "Platform", "Cryptography", "BackupRepository", "ObjectStorage",
            "Retention",
            argumentParser,
        ],
        path: "Lab/dr-lab", swiftSettings: strict),
]

let testTargets = [
    tests(of: "Platform"),
    tests(of: "Documents", ["Platform"]),
    tests(of: "Mustache", ["Documents"]),
    tests(of: "Trends"),
    tests(of: "Metrics", ["Documents"]),
    tests(of: "Retention", inLab: false),
    tests(of: "Cryptography", ["Platform"], inLab: false),
    tests(of: "Archiving"),
    tests(of: "Printing"),
    tests(of: "HTTP", ["Documents", "Platform"]),
    tests(of: "Kubernetes", ["Documents", "Platform"], inLab: false),
    tests(of: "ObjectStorage", ["S3", "HTTP", "Platform", logging]),
    tests(of: "S3", ["HTTP", "ObjectStorage", "Cryptography", "Platform", logging]),
    tests(
        of: "BackupRepository",
        ["ObjectStorage", "FileTree", "Archiving", "Platform", "Cryptography", "Retention", logging]),
    tests(of: "Notifications", ["HTTP", "Documents", "Platform"]),
    tests(of: "Mover", ["BackupRepository", "ObjectStorage", "Cryptography", "Platform"]),
    tests(of: "StackConfiguration", ["Components", "Documents", "Retention", "Notifications", "Platform"] + everyKind),
    tests(
        of: "Components",
        [
            "BackupRepository", "HTTP", "Documents", "Platform", "FileTree", "Git", "Prometheus", "Loki",
            "Elasticsearch", "Grafana", "Alertmanager", "NamespaceObjects",
        ]),
    tests(of: "Prometheus", ["Components", "BackupRepository", "HTTP", "Cryptography", "Platform", logging]),
    tests(of: "Git", ["BackupRepository", "Platform", logging]),
    tests(
        of: "Loki",
        [
            "Components", "BackupRepository", "ObjectStorage", "FileTree", "HTTP", "Archiving", "Cryptography",
            "Documents",
            "Platform",
            logging,
        ]),
    tests(
        of: "Bucket", ["S3", "ObjectStorage", "BackupRepository", "HTTP", "Platform", logging]),
    tests(of: "Elasticsearch", ["BackupRepository", "HTTP", "Documents", "Platform", logging]),
    tests(of: "Grafana", ["BackupRepository", "HTTP", "Documents", "Platform", logging]),
    tests(of: "Alertmanager", ["Components", "BackupRepository", "HTTP", "Documents", "Platform", logging]),
    tests(
        of: "NamespaceObjects", ["Kubernetes", "Components", "BackupRepository", "Documents", "Platform", logging]),
    tests(
        of: "RecoveryPlan",
        [
            "Components", "Kubernetes", "Notifications", "ShippedPlans", "Documents", "HTTP", "Platform", "Trends",
            logging,
        ]),
    tests(of: "Reporting", ["Components", "RecoveryPlan", "Cryptography", "Documents", "Platform"]),
    tests(
        of: "Operations",
        [
            "FileTree", "Git", "Grafana", "Prometheus", "Components", "BackupRepository", "Kubernetes",
            "StackConfiguration", "Mover", "ObjectStorage", "Trends", "Cryptography", "Documents", "Printing",
            "RecoveryPlan", "Reporting", "Platform",
        ]),
    tests(
        of: "Drills",
        [
            "Operations", "RecoveryPlan", "FileTree", "StackConfiguration", "BackupRepository", "Components",
            "ObjectStorage", "Platform",
        ]),
    tests(
        of: "Console",
        [
            "Operations", "RecoveryPlan", "BackupRepository", "ObjectStorage", "Components", "FileTree",
            "StackConfiguration", "Documents", "HTTP", "Platform",
        ]),
    .testTarget(
        name: "LabTests", dependencies: ["Lab", "Fuzzing", "dr-lab", "HTTP", "Documents", "Platform"],
        swiftSettings: strict),
    // The built program, as a user runs it.
    .testTarget(
        name: "JourneyTests",
        dependencies: [
            "dr", "dr-lab", "Lab", "StackConfiguration", "Cryptography", "Documents", "Components", "RecoveryPlan",
            "BackupRepository", "ObjectStorage", "Metrics", "Platform", logging,
        ],
        swiftSettings: strict),
]

let package = Package(
    name: "dr",
    products: [.executable(name: "dr", targets: ["dr"])]
        + (hasLab ? [.executable(name: "dr-lab", targets: ["dr-lab"])] : []),
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
    ],
    targets: libraries + program + (hasLab ? lab + testTargets : [])
)
