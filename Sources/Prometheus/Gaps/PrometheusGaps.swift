package import BackupRepository
package import Components
package import Platform

/// Finds data of a Prometheus that its backups do not hold, and other programs that it scrapes.
package struct PrometheusGaps: GapFinder {
    private let api: PrometheusAPI
    private let directory: DataDirectory
    private let skipsHead: Bool
    private let pool: BlockingPool
    private let kinds: [any ComponentKind.Type]

    /// - Parameters:
    ///   - data: absolute path of the server's `--storage.tsdb.path`, as mounted on this machine.
    ///   - skipsHead: true if backups skip samples that are not in blocks.
    ///   - kinds: the kinds whose servers are looked for in its metrics.
    package init(
        api: PrometheusAPI, data: String, skipsHead: Bool, pool: BlockingPool, kinds: [any ComponentKind.Type]
    ) {
        self.kinds = kinds
        self.api = api
        directory = DataDirectory(data)
        self.skipsHead = skipsHead
        self.pool = pool
    }

    package func gaps(_ surroundings: GapSurroundings) async throws -> [Gap] {
        do {
            var gaps = try await files(surroundings)
            gaps += try await alertmanagers(surroundings)
            gaps += try await programs(surroundings)
            if skipsHead {
                gaps.append(
                    Gap(
                        "samples of the last two to three hours",
                        why: "`skip_head` skips samples that are not in blocks",
                        remedy: "remove `skip_head` from this component"))
            }
            gaps += Self.gaps(await OutOfOrderSamples(directory, api: api, pool: pool))
            return gaps
        } catch let error as PrometheusAPIError { throw error.asComponentError("gaps of \(api.location)") }
    }

    static func gaps(_ samples: OutOfOrderSamples) -> [Gap] {
        guard samples.canBeMissing else { return [] }
        let window = samples.window.map { " (out_of_order_time_window: \($0))" } ?? ""
        let now = samples.areMissing ? ", now \(samples.bytes ?? 0) bytes in wbl/" : ""
        let since = samples.appended.map { ", \($0) since the server's start" } ?? ""
        return [
            Gap(
                "out-of-order samples that are still in memory\(window)\(now)\(since)",
                why:
                    "Prometheus does not include them in a snapshot until it writes them into a block, within about two hours",
                remedy: "after agents have caught up, make a backup two hours later; keep out_of_order_time_window as "
                    + "short as the latest sender needs")
        ]
    }

    // MARK: Files

    private func files(_ surroundings: GapSurroundings) async throws -> [Gap] {
        let flags = try await api.flags()
        let directory = try await api.runtimeInfo().workingDirectory
        func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(directory)/\(path)" }
        let configuration = absolute(flags["config.file"] ?? "prometheus.yml")
        let folder = String(configuration[..<(configuration.lastIndex(of: "/") ?? configuration.startIndex)])
        let named = ConfiguredFiles(yaml: try await api.configuration(), folder: folder)
        // Loaded files are more certain than patterns; a pattern without a match has no files to lose.
        let loaded = try await api.ruleFiles().map(absolute)
        let web = flags["web.config.file"].flatMap { $0.isEmpty ? nil : absolute($0) }
        let kinds: [(name: String, paths: [String], why: String)] = [
            (
                "configuration", [configuration] + (web.map { [$0] } ?? []),
                "without it a restored server scrapes nothing and sends no alerts"
            ),
            ("rules", loaded.sorted(), "without them there are no alerts and no recorded series"),
            ("targets", named.targets, "without them the targets in them are not scraped"),
            ("credentials", named.secrets, "without them scrapes and alerts are refused"),
        ]
        return kinds.compactMap { kind in
            let missing = kind.paths.filter { !surroundings.covers(reported: $0) }
            guard !missing.isEmpty else { return nil }
            let folders = Set(missing.map { $0[..<($0.lastIndex(of: "/") ?? $0.startIndex)] }).map(String.init).sorted()
            let secrets =
                kind.name == "credentials" ? ", in a store with `recipients:`, or keep them in a secret manager" : ""
            return Gap(
                "\(kind.name): \(Gap.list(missing))", why: kind.why,
                remedy:
                    "add a component of kind files with data: \(Gap.list(folders, most: 3)), or of kind git for the "
                    + "repository that it comes from\(secrets)", isInFiles: true)
        }
    }

    // MARK: Programs

    private func alertmanagers(_ surroundings: GapSurroundings) async throws -> [Gap] {
        let urls = try await api.alertmanagers()
        guard !urls.isEmpty, !surroundings.mentions("alertmanager") else { return [] }
        // The path of its API is only a name.
        let servers = Set(urls.map { $0.split(separator: "/", maxSplits: 3).prefix(2).joined(separator: "//") })
        return [
            Gap(
                "Alertmanager: \(Gap.list(servers.sorted()))",
                why: "its configuration decides who is notified, and its silences mute known alerts",
                remedy: "add a component of kind files, named alertmanager, with its --storage.path, and one with the "
                    + "folder of its configuration")
        ]
    }

    private struct Keeper {
        var metric: String
        var name: String
        var why: String
        var remedy: String
    }

    /// Programs with data, by the metric that shows their version: those of a kind of component, and others.
    private var keepers: [Keeper] {
        kinds.compactMap { kind in
            kind.trace.map {
                Keeper(
                    metric: $0.metric, name: $0.program, why: $0.loss,
                    remedy: "add a component of kind \(kind.name)")
            }
        } + Self.others
    }

    private static let others = [
        Keeper(
            metric: "pushgateway_build_info", name: "pushgateway",
            why: "the metrics that batch jobs have pushed are in its memory, or in one file",
            remedy: "start it with --persistence.file, and add the file's folder as kind files"),
        Keeper(
            metric: "blackbox_exporter_build_info", name: "blackbox", why: "its modules define how services are probed",
            remedy: "add its configuration's folder as kind files, or the repository that it comes from as kind git"),
        Keeper(
            metric: "node_exporter_build_info", name: "node-exporter",
            why: "its scripts for the textfile collector, and its flags, are on the machines only",
            remedy: "keep them in a repository, and add that as kind git"),
    ]

    private func programs(_ surroundings: GapSurroundings) async throws -> [Gap] {
        let keepers = keepers
        let names = keepers.map(\.metric).joined(separator: "|")
        let answer = try await api.query("count by (__name__) ({__name__=~\"\(names)\"})")
        let counts = Dictionary(
            answer.series.compactMap { series in
                series.metric["__name__"].flatMap { name in series.value.map { (name, $0.value) } }
            }, uniquingKeysWith: { first, _ in first })
        return keepers.compactMap { keeper in
            guard let count = counts[keeper.metric], !surroundings.mentions(keeper.name) else { return nil }
            return Gap(
                "\(count) running \(keeper.name), found in the metrics", why: keeper.why, remedy: keeper.remedy)
        }
    }
}
