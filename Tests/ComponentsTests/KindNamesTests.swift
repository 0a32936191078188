import Foundation
import Lab
import Testing

@testable import Components

/// Each kind of component is known in its own target and in the list of kinds, and nowhere else.
@Suite struct KindNamesTests {
    /// The composition root.
    private static let root = "dr/Kinds.swift"
    /// Words of no other meaning than the kind's: a file, a bucket and git are everywhere.
    private static let names = ((try? files()) ?? []).filter { $0.hasSuffix("Component+Kind.swift") }
        .compactMap { $0.split(separator: "/").first?.lowercased() }
        .filter { !["bucket", "filetree", "git"].contains($0) }.sorted()
    /// Files that name the system but not the kind, by the beginning of their path: the programs whose objects a bucket
    /// holds, a channel of notifications, servers that another server sends its alerts to, custom resources of a cluster,
    /// the format of metrics, and the name of a program.
    private static let allowed = [
        "alertmanager": [
            "Kubernetes/Managers/", "Kubernetes/Preflight/PreflightTask.swift", "Notifications/",
            "Operations/Session/NotificationChannels.swift", "Prometheus/", "StackConfiguration/",
        ],
        "loki": ["Bucket/"],
        "prometheus": [
            "Alertmanager/", "Bucket/", "Kubernetes/Managers/", "Kubernetes/Preflight/PreflightTask.swift",
            "Notifications/Channels/AlertmanagerFormat.swift", "Metrics/", "Operations/Metrics/",
            "StackConfiguration/Sections/MetricsConfiguration.swift",
        ],
    ]

    private static var sources: URL { Checkout.url("Sources") }

    private static func files() throws -> [String] {
        let paths = try #require(FileManager.default.enumerator(atPath: sources.path)?.allObjects as? [String])
        return paths.filter { $0.hasSuffix(".swift") }
    }

    @Test(arguments: names) func `no source outside of a kind's target names the kind`(name: String) throws {
        let folder = "\(name)/"
        let files = try Self.files()
        let allowed = Self.allowed[name] ?? []
        let others = files.filter { path in
            !path.lowercased().hasPrefix(folder) && path != Self.root && !allowed.contains(where: path.hasPrefix)
        }
        for path in others {
            let text = try String(contentsOf: Self.sources.appending(path: path), encoding: .utf8).lowercased()
            let line = text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.contains(name) }
            #expect(line == nil, "\(path):\((line ?? 0) + 1) names \(name)")
        }
    }

    @Test func `the kinds are found by their files`() {
        #expect(Self.names.count >= 4 && Self.names.contains("grafana"))
    }

    @Test func `the list of kinds stands in the composition root alone`() throws {
        let lists = try Self.files().filter { path in
            try String(contentsOf: Self.sources.appending(path: path), encoding: .utf8).contains("Component.self,")
        }
        #expect(lists == [Self.root])
    }
}
