import Foundation
import Lab

/// Measures the gain of concurrent restores: a plan with independent steps against a plan with the same steps in a
/// chain, from a directory and from a distant store.
struct BenchSideBySide {
    var tool: DRTool
    /// The size of one component's corpus for a directory; 1 is about 1.5 GB.
    var scale: Double
    var work: URL
    var rounds: Int
    /// The path of this program, which creates the trees in separate processes.
    var lab: String
    var say: @Sendable (String) -> Void

    struct Result: Encodable, Sendable {
        var places: [Place]
    }

    struct Place: Encodable, Sendable {
        var name: String
        var components: Int
        /// The total size of all components' files in bytes.
        var bytes: Int
        /// The maximum of the ratio.
        var bound: Double
        var beside: BenchRow
        var chained: BenchRow
        /// The ratio of the medians, over rounds in which the two plans alternated.
        var ratio: Double { beside.wall / max(chained.wall, 0.001) }

        enum CodingKeys: String, CodingKey { case name, components, bytes, bound, beside, chained, ratio }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try container.encode(components, forKey: .components)
            try container.encode(bytes, forKey: .bytes)
            try container.encode(bound, forKey: .bound)
            try container.encode(beside, forKey: .beside)
            try container.encode(chained, forKey: .chained)
            try container.encode(ratio, forKey: .ratio)
        }
    }

    private static let components = ["one", "two", "three"]
    /// The latency of each request to the distant store.
    private static let latency = Duration.milliseconds(50)

    func run() async throws -> Result {
        // A restore from a local disk is limited by the cores and the disk: one component keeps two cores busy most of
        // the time. Concurrent restores use the remaining waiting time, and must not be slower.
        let near = try await measure(
            "directory", scale: scale, store: "file://\(work.path)/directory/repository", environment: [:], bound: 1)
        let server = try await SeaweedFS()
        try await server.makeBucket("bench")
        let proxy = try FaultyProxy(to: server.endpoint, rates: [:], latency: Self.latency, seed: 1)
        defer { proxy.stop() }
        // A restore from a distant store is limited by waiting for responses, which three components do at the same
        // time. The start of a run, some twenty sequential responses, is the same for both plans and limits the gain.
        // For trees of 30 MB the ratio was 0.72 on two cores, between 0.68 and 0.82 in single rounds.
        let far = try await measure(
            "S3, 50 ms away", scale: 0.02, store: "s3://bench",
            environment: [
                "AWS_ACCESS_KEY_ID": server.accessKey, "AWS_SECRET_ACCESS_KEY": server.secretKey,
                "AWS_ENDPOINT_URL": proxy.endpoint, "AWS_EC2_METADATA_DISABLED": "true",
            ], bound: 0.85)
        return Result(places: [near, far])
    }

    private func measure(
        _ name: String, scale: Double, store: String, environment: [String: String], bound: Double
    ) async throws -> Place {
        let site = Site(
            tool: tool, folder: work.appending(path: environment.isEmpty ? "directory" : "s3"), environment: environment
        )
        try await site.prepare(Self.components, store: store, scale: scale, lab: lab)
        var place = Place(
            name: name, components: Self.components.count, bytes: try BenchSize.ofFiles(in: site.data), bound: bound,
            beside: BenchRow(place: name, scenario: .restore, tool: "concurrent"),
            chained: BenchRow(place: name, scenario: .restore, tool: "sequential"))
        for round in 0..<rounds {
            for isChained in round % 2 == 0 ? [false, true] : [true, false] {
                let scenario = isChained ? "chained" : "beside"
                let run = BenchRow.Run(try await site.restore(scenario, to: "\(scenario)-\(round)"))
                if isChained { place.chained.runs.append(run) } else { place.beside.runs.append(run) }
            }
        }
        say(
            "\(name): \(place.components) components in \(BenchText.seconds(place.beside.wall)) concurrently, in "
                + "\(BenchText.seconds(place.chained.wall)) sequentially: \(BenchText.fixed(place.ratio, 2))")
        return place
    }

    /// A repository with one set of all components, and the two plans.
    private struct Site {
        var tool: DRTool
        var folder: URL
        var environment: [String: String]

        var data: URL { folder.appending(path: "data") }

        func prepare(_ components: [String], store: String, scale: Double, lab: String) async throws {
            let plans = folder.appending(path: "plans")
            for folder in [data, plans] {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            }
            let sources = components.map { "  \($0): {kind: files, data: \"\(data.path)/\($0)\"}" }
            let configuration =
                ["store: {url: \"\(store)\"}", "state: \"\(folder.path)/state\"", "components:"] + sources
            try write(configuration, to: "dr.yaml")
            for scenario in ["beside", "chained"] {
                var steps = ["scenario: \(scenario)", "parameters: {out: {about: \"Target folder.\"}}", "steps:"]
                for (index, component) in components.enumerated() {
                    let needs = scenario == "beside" || index == 0 ? "" : "needs: [\(components[index - 1])], "
                    steps.append(
                        "  - {id: \(component), \(needs)restore: {component: \(component), "
                            + "to: \"${out}/\(component)\"}}")
                }
                try write(steps, to: "plans/\(scenario).yaml")
            }
            for (index, component) in components.enumerated() {
                try await execute([
                    lab, "corpus", data.appending(path: component).path, "--scale", "\(scale)", "--seed",
                    "\(index + 1)",
                ])
                // The pool is only needed for later changes and does not belong to the tree.
                try FileManager.default.removeItem(at: data.appending(path: "\(component).pool"))
            }
            for command in ["init", "backup"] { try await execute([tool.program, command, "--no-progress"]) }
        }

        func restore(_ scenario: String, to name: String) async throws -> MeasuredProcess {
            let out = folder.appending(path: name)
            sync()
            let process = try await execute([
                tool.program, "restore", "--scenario", scenario, "--yes", "--no-progress", "--param", "out=\(out.path)",
            ])
            // Verify the restored bytes: a fast but wrong restore must not count.
            try await execute(["/usr/bin/diff", "--recursive", "--no-dereference", data.path, out.path])
            try BenchRounds.empty(out)
            return process
        }

        @discardableResult
        private func execute(_ command: [String]) async throws -> MeasuredProcess {
            let process = try await MeasuredProcess.run(
                command, log: folder.appending(path: "command.log").path, folder: folder.path, environment: environment)
            try process.requireSuccess()
            return process
        }

        private func write(_ lines: [String], to path: String) throws {
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: folder.appending(path: path))
        }
    }
}
