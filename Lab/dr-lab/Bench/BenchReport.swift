import Foundation
import Lab

/// The results of one run of the benchmark.
struct BenchReport: Encodable {
    struct Tool: Encodable {
        var name: String
        var version: String
        var settings: String
    }

    /// A bound of the project, with the measured value.
    struct Limit: Encodable {
        var what: String
        var bound: Double
        var measured: Double
        /// The rows that it compares, that of `dr` first.
        var rows: [BenchRow] = []
        var holds: Bool { measured <= bound }
        /// The times of each row, if the bound is missed. They show what other programs and the disk took; nil if it holds.
        var reason: String? {
            guard !holds, !rows.isEmpty else { return nil }
            return rows.map(\.account).joined(separator: "; ")
        }

        enum CodingKeys: String, CodingKey { case what, bound, measured, holds, reason }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(what, forKey: .what)
            try container.encode(bound, forKey: .bound)
            try container.encode(measured, forKey: .measured)
            try container.encode(holds, forKey: .holds)
            try container.encodeIfPresent(reason, forKey: .reason)
        }
    }

    var machine: String
    var corpus: [String]
    var corpusBytes: Int
    var rounds: Int
    var tools: [Tool]
    var rows: [BenchRow]
    var smallFiles: BenchSmallFiles.Result?
    var loki: BenchLoki.Result?
    var grafana: BenchGrafana.Result?
    var prune: BenchPrune.Result?
    var recovery: BenchRecovery.Result?
    var sideBySide: BenchSideBySide.Result?
    var protection: BenchProtection.Result?
    var partial: BenchPartial.Result?
    /// Nil also if this machine cannot run the laboratory cluster.
    var volumes: BenchVolumes.Result?
    var scale: BenchScale.Result?
    var week: BenchWeek.Result?
    var notes: [String]
    var limits: [Limit] = []

    /// Compares `dr` with its bounds.
    mutating func judge() {
        func row(_ place: String, _ scenario: BenchScenario, _ tool: String) -> BenchRow? {
            rows.first { $0.place == place && $0.scenario == scenario && $0.tool == tool }
        }
        let bounds: [(String, BenchScenario, Double)] = [
            ("directory", .cold, 0.5), ("S3", .cold, 0.5), ("directory", .unchanged, 0.5), ("S3", .unchanged, 0.5),
            ("directory", .restore, 0.6), ("S3", .restore, 0.45),
        ]
        limits = bounds.compactMap { place, scenario, bound in
            guard let own = row(place, scenario, "dr"), let other = row(place, scenario, "restic"), other.wall > 0
            else {
                return nil
            }
            return Limit(
                what: "\(place), \(scenario.rawValue): time relative to restic", bound: bound,
                measured: own.wall / other.wall, rows: [own, other])
        }
        for (place, other, most) in [
            ("directory", "cp -a", 1.25), (BenchMemory.place, "cp -a", 1.25),
            (BenchServer.distantPlace, "rclone copy", 1),
            (BenchServer.distantPlace, "s5cmd", 1),
        ] {
            for scenario in [BenchScenario.cold, .restore] {
                guard let own = row(place, scenario, "dr"), let peer = row(place, scenario, other), peer.durable > 0
                else { continue }
                limits.append(
                    Limit(
                        what: "\(place), \(scenario.rawValue), on disk: time relative to \(other)", bound: most,
                        measured: own.durable / peer.durable, rows: [own, peer]))
            }
        }
        let own =
            rows.filter { $0.tool == "dr" } + (smallFiles.map { [$0.unchanged] } ?? [])
            + (loki?.rows.filter { $0.tool == "dr" } ?? []) + (grafana.map { [$0.dr] } ?? [])
        if let most = own.map(\.peakMemory).max() {
            limits.append(
                Limit(what: "peak memory in MiB, all cases", bound: 128, measured: Double(most >> 10) / 1024))
        }
        if let loki, let ratio = loki.coldRatio {
            limits.append(
                Limit(
                    what: "\(loki.chunks) Loki chunks, cold: time relative to restic", bound: 0.25, measured: ratio,
                    rows: loki.rows.filter { $0.scenario == .cold }))
        }
        if let grafana {
            limits.append(
                Limit(
                    what: "\(grafana.dashboards) dashboards: time relative to curl", bound: 1.15,
                    measured: grafana.dr.wall / max(grafana.curl.wall, 0.001), rows: [grafana.dr, grafana.curl]))
        }
        if let prune {
            limits.append(
                Limit(
                    what: "retention decision over \(prune.decided) sets: seconds", bound: 1, measured: prune.decision))
            let most = max(prune.dryRun.peakMemory, prune.prune.peakMemory)
            limits.append(
                Limit(
                    what: "prune of \(prune.sets) sets, \(prune.files) files: peak memory in MiB", bound: 256,
                    measured: Double(most >> 10) / 1024))
        }
        if let recovery {
            let name = "a plan of \(recovery.steps) steps"
            // Fixed costs dominate a short plan, so --quick only measures and sets no bound.
            if recovery.plan >= 100 {
                limits.append(
                    Limit(
                        what: "\(name): engine overhead in percent", bound: 1,
                        measured: recovery.overhead)
                )
            }
            let most = max(recovery.waits.peakMemory, recovery.programs.peakMemory)
            limits.append(
                Limit(what: "\(name): peak memory in MiB", bound: 64, measured: Double(most >> 10) / 1024))
        }
        for place in sideBySide?.places ?? [] {
            limits.append(
                Limit(
                    what:
                        "\(place.components) components concurrently, \(place.name): time relative to sequential",
                    bound: place.bound, measured: place.ratio, rows: [place.beside, place.chained]))
        }
        if let protection {
            limits.append(
                Limit(
                    what: "encryption and signatures: percent of a cold backup", bound: 15,
                    measured: protection.encryption, rows: [protection.encryptedCold, protection.plainCold]))
            limits.append(
                Limit(
                    what: "signatures: seconds of an hourly backup", bound: 1, measured: protection.signatures,
                    rows: [protection.signedUnchanged, protection.plainUnchanged]))
            // 0.8 of the speed of sha256sum.
            limits.append(
                Limit(
                    what: "verify --read-data, encrypted: time relative to sha256sum", bound: 1 / 0.8,
                    measured: protection.reading, rows: [protection.verify, protection.sums]))
        }
        if let partial, let ratio = partial.ratio(.file) {
            limits.append(
                Limit(what: "one file from S3, with caches: bytes relative to restic", bound: 1.5, measured: ratio))
        }
        if let volumes {
            // 0.7 of the throughput of tar.
            limits.append(
                Limit(
                    what: "a volume by stream: time relative to tar through kubectl exec", bound: 1 / 0.7,
                    measured: 1 / max(volumes.throughput, 0.001), rows: [volumes.stream, volumes.tar]))
            limits.append(
                Limit(
                    what: "three movers, store 50 ms away: time relative to one", bound: 0.5,
                    measured: 1 / max(volumes.gain, 0.001), rows: [volumes.three, volumes.one]))
        }
        if let scale {
            limits.append(
                Limit(
                    what: "six components, S3 50 ms away, \(scale.files) files: peak memory in MiB", bound: 128,
                    measured: Double(scale.peakMemory >> 10) / 1024))
            limits.append(
                Limit(
                    what: "\(BenchScale.workers) workers, S3 50 ms away: time relative to one process", bound: 0.6,
                    measured: scale.ratio, rows: [scale.workers, scale.one]))
        }
        if let smallFiles {
            limits.append(
                Limit(
                    what: "\(smallFiles.files) files unchanged: time relative to find", bound: 2,
                    measured: smallFiles.unchanged.wall / max(smallFiles.find.wall, 0.001),
                    rows: [smallFiles.unchanged, smallFiles.find]))
            limits.append(
                Limit(
                    what: "\(smallFiles.files) files unchanged: KiB added", bound: 64,
                    measured: Double(smallFiles.added) / 1024))
        }
    }

    private var lokiTable: [String] {
        guard let loki else { return [] }
        let header = [
            "## \(loki.chunks) Loki chunks", "", "| scenario | tool | wall | CPU | peak memory | stored | × restic |",
            "|---|---|--:|--:|--:|--:|--:|",
        ]
        let rows = loki.rows.map { row -> String in
            let other = loki.rows.first { $0.scenario == row.scenario && $0.tool == "restic" }?.wall
            let cells = [
                row.scenario.rawValue, row.tool == "dr" ? "**dr**" : row.tool, BenchText.seconds(row.wall),
                BenchText.seconds(row.cpu), BenchText.mebibytes(row.peakMemory),
                row.stored.map(BenchText.megabytes) ?? "", BenchText.ratio(row.wall, to: other),
            ]
            return "| \(cells.joined(separator: " | ")) |"
        }
        return header + rows + [
            "", "\(BenchText.megabytes(loki.bytes)) in files; dr verifies the checksum in the name of each chunk.", "",
        ]
    }

    private var partialTable: [String] {
        guard let partial else { return [] }
        let rows = partial.rows.map { row -> String in
            let ratio = row.fetchedBytes.map { BenchText.ratio(Double($0), to: Double(row.wantedBytes)) } ?? "-"
            return "| \(row.wanted.rawValue) | \(row.tool) | \(row.isWarm ? "yes" : "no") "
                + "| \(BenchText.megabytes(row.wantedBytes)) | \(row.fetchedBytes.map(BenchText.megabytes) ?? "-") "
                + "| \(ratio) | \(row.requests.map(String.init) ?? "-") | \(BenchText.seconds(row.seconds)) |"
        }
        return [
            "## Restores of a part", "", "| part | tool | cache | wanted | fetched | × wanted | requests | wall |",
            "|---|---|---|--:|--:|--:|--:|--:|",
        ] + rows + [
            "",
            "From S3, of \(partial.files) files, \(BenchText.megabytes(partial.bytes)); borg from a directory. "
                + "The cache is restic's, and the state folder of dr.", "",
        ]
    }

    private var grafanaTable: [String] {
        guard let grafana else { return [] }
        let rows = [grafana.dr, grafana.curl].map { row in
            "| \(row.tool == "dr" ? "**dr**" : row.tool) | \(BenchText.seconds(row.wall)) "
                + "| \(BenchText.seconds(row.cpu)) | \(BenchText.mebibytes(row.peakMemory)) "
                + "| \(BenchText.ratio(row.wall, to: grafana.curl.wall)) |"
        }
        return [
            "## \(grafana.dashboards) dashboards of a Grafana (a stand-in)", "",
            "| tool | wall | CPU | peak memory | × curl |", "|---|--:|--:|--:|--:|",
        ] + rows + ["", "curl sends \(grafana.requests) requests and stores the responses.", ""]
    }

    private var pruneTable: [String] {
        guard let prune else { return [] }
        let rows = [prune.dryRun, prune.prune].map { row in
            "| \(row.tool) | \(BenchText.seconds(row.wall)) | \(BenchText.seconds(row.cpu)) "
                + "| \(BenchText.mebibytes(row.peakMemory)) |"
        }
        return [
            "## A history of \(prune.sets) sets and \(prune.files) files", "", "| command | wall | CPU | peak memory |",
            "|---|--:|--:|--:|",
        ] + rows + [
            "",
            "The history is synthetic: real documents, with packs of a few bytes. \(prune.kept) sets remain. The decision "
                + "over \(prune.decided) sets takes \(BenchText.seconds(prune.decision)).", "",
        ]
    }

    private var recoveryTable: [String] {
        guard let recovery else { return [] }
        let rows = [recovery.waits, recovery.programs].map { row in
            "| \(row.tool) | \(BenchText.seconds(row.wall)) | \(BenchText.seconds(row.cpu)) "
                + "| \(BenchText.mebibytes(row.peakMemory)) |"
        }
        return [
            "## A recovery plan of \(recovery.steps) steps", "", "| steps | wall | CPU | peak memory |",
            "|---|--:|--:|--:|",
        ] + rows + [
            "",
            "The waiting alone takes \(BenchText.seconds(recovery.plan)). The overhead, from start to end of the program, is "
                + "\(BenchText.fixed(recovery.overhead, 2)) % of it. Each step writes two lines to the journal and waits until "
                + "they are on disk.", "",
        ]
    }

    private var sideBySideTable: [String] {
        guard let sideBySide else { return [] }
        let rows = sideBySide.places.flatMap { place in
            [place.beside, place.chained].map { row in
                "| \(place.name) | \(BenchText.megabytes(place.bytes)) | \(row.tool) | \(BenchText.seconds(row.wall)) "
                    + "| \(BenchText.seconds(row.cpu)) | \(BenchText.mebibytes(row.peakMemory)) "
                    + "| \(BenchText.ratio(row.wall, to: place.chained.wall)) |"
            }
        }
        return [
            "## A recovery of three components", "",
            "| store | in files | steps | wall | CPU | peak memory | × sequential |",
            "|---|--:|---|--:|--:|--:|--:|",
        ] + rows + ["", "Complete runs of a plan, from start to end of the program, including the journal.", ""]
    }

    private var protectionTable: [String] {
        guard let protection else { return [] }
        let rows = [
            protection.plainCold, protection.encryptedCold, protection.plainUnchanged, protection.signedUnchanged,
            protection.verify, protection.sums,
        ].map { row in
            let scenario = row.scenario == .restore ? "reading" : row.scenario.rawValue
            return "| \(scenario) | \(row.tool) | \(BenchText.seconds(row.wall)) | \(BenchText.seconds(row.cpu)) "
                + "| \(BenchText.mebibytes(row.peakMemory)) |"
        }
        return [
            "## The cost of encryption and signatures", "", "| scenario | command | wall | CPU | peak memory |",
            "|---|---|--:|--:|--:|",
        ] + rows + [
            "",
            "\(BenchText.megabytes(protection.bytes)) in packs. The ratio of the cold backups of one round was "
                + "\(protection.spread.map { BenchText.fixed($0, 2) }.joined(separator: " to ")).", "",
        ]
    }

    private var volumeTable: [String] {
        guard let volumes else { return [] }
        let rows = [volumes.stream, volumes.tar, volumes.one, volumes.three, volumes.shards].map { row in
            "| \(row.tool) | \(BenchText.seconds(row.wall)) |"
        }
        func text(_ first: BenchRow, _ second: BenchRow) -> String {
            BenchVolumes.Result.spread(first, second).map { BenchText.fixed($0, 2) }.joined(separator: " to ")
        }
        return ["## Volumes of a cluster", "", "| command | wall |", "|---|--:|"] + rows + [
            "",
            "Random files in a laboratory cluster on this machine: \(volumes.mebibytes) MiB for the stream and tar, three times "
                + "\(volumes.share) MiB for the movers that write to the store themselves. That store is 50 ms away, and a "
                + "connection moves 256 KiB in a round trip. tar's time as a multiple of the stream's in one round: "
                + "\(text(volumes.tar, volumes.stream)); one mover's time as a multiple of three's: "
                + "\(text(volumes.one, volumes.three)), and as a multiple of three shards': "
                + "\(text(volumes.one, volumes.shards)).", "",
        ]
    }

    private var scaleTable: [String] {
        guard let scale else { return [] }
        let rows = [scale.cold, scale.unchanged, scale.restore, scale.one, scale.workers].map { row in
            "| \(row.tool) | \(BenchText.seconds(row.wall)) | \(BenchText.seconds(row.cpu)) "
                + "| \(BenchText.mebibytes(row.peakMemory)) |"
        }
        return [
            "## Six components on a distant store", "", "| command | wall | CPU | peak memory |", "|---|--:|--:|--:|",
        ] + rows + [
            "",
            "One component of \(scale.files) small files, five of \(scale.mebibytes) MiB of random bytes. The store is 50 ms "
                + "away, and a connection moves 256 KiB in a round trip. The first three runs have `limits: {memory: 128MiB}`; "
                + "the last two store all files as one component. Peak memory is that of the largest process.", "",
        ]
    }

    private var weekTable: [String] {
        guard let week else { return [] }
        let rows = week.ways.map { way in
            "| \(way.name) | \(BenchText.megabytes(way.stored)) | \(BenchText.fixed(week.amplification(of: way), 2)) |"
        }
        return [
            "## \(week.hours) hourly backups of a Prometheus", "", "| way | stored | × ingested |", "|---|--:|--:|",
        ] + rows + [
            "",
            "A real Prometheus with \(week.series) series ingests \(BenchText.megabytes(week.ingested)), as blocks of two hours "
                + "stored once. All sets are kept.", "",
        ]
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var markdown: String {
        var lines = ["# Benchmark", "", "\(machine); medians of \(rounds), tools taking turns.", ""]
        lines += corpus.map { "- \($0)" } + [""]
        for place in ["directory", BenchMemory.place, "S3", BenchServer.distantPlace]
        where rows.contains(where: { $0.place == place }) {
            let copy = place.hasPrefix("directory") ? "cp -a" : "rclone copy"
            lines += [
                "## To a \(place == "S3" ? "local S3 server" : place)", "",
                "| scenario | tool | wall | sync after | CPU | peak memory | stored | × restic | × \(copy) |",
                "|---|---|--:|--:|--:|--:|--:|--:|--:|",
            ]
            for scenario in BenchScenario.allCases {
                let group = rows.filter { $0.place == place && $0.scenario == scenario }
                let restic = group.first { $0.tool == "restic" }?.wall
                let plain = group.first { $0.tool == copy }?.wall
                for row in group.sorted(by: { $0.tool < $1.tool }) {
                    let tool = row.tool
                    let cells = [
                        scenario.rawValue, tool == "dr" ? "**dr**" : tool.replacing("|", with: "\\|"),
                        BenchText.seconds(row.wall), BenchText.seconds(BenchRow.median(row.runs.map(\.sync))),
                        BenchText.seconds(row.cpu), BenchText.mebibytes(row.peakMemory),
                        row.stored.map(BenchText.megabytes) ?? "", BenchText.ratio(row.wall, to: restic),
                        BenchText.ratio(row.wall, to: plain),
                    ]
                    lines.append("| \(cells.joined(separator: " | ")) |")
                }
            }
            lines.append("")
        }
        if let smallFiles {
            lines += [
                "## \(smallFiles.files) small files, unchanged", "",
                "| tool | wall | CPU | peak memory | × find |", "|---|--:|--:|--:|--:|",
            ]
            for row in [smallFiles.unchanged, smallFiles.find] {
                lines.append(
                    "| \(row.tool == "dr" ? "**dr**" : row.tool) | \(BenchText.seconds(row.wall)) "
                        + "| \(BenchText.seconds(row.cpu)) | \(BenchText.mebibytes(row.peakMemory)) "
                        + "| \(BenchText.ratio(row.wall, to: smallFiles.find.wall)) |")
            }
            lines += [
                "",
                "The unchanged run added \(smallFiles.added) bytes; the first backup took "
                    + "\(BenchText.seconds(smallFiles.cold)).", "",
            ]
        }
        lines +=
            lokiTable + partialTable + grafanaTable + pruneTable + recoveryTable + sideBySideTable + protectionTable
            + volumeTable + scaleTable + weekTable
        if !limits.isEmpty {
            lines += ["## Bounds", "", "| bound | maximum | measured | |", "|---|--:|--:|---|"]
            lines += limits.map {
                "| \($0.what) | \(BenchText.fixed($0.bound, 2)) | \(BenchText.fixed($0.measured, 2)) "
                    + "| \($0.holds ? "holds" : "**missed**") |"
            }
            lines.append("")
            let missed = limits.compactMap { limit in limit.reason.map { "- \(limit.what): \($0)." } }
            if !missed.isEmpty { lines += ["Where the time goes of the bounds that are missed:", ""] + missed + [""] }
        }
        lines += ["## How it was measured", ""] + notes.map { "- \($0)" }
        lines += tools.map { "- \($0.name): \($0.version); \($0.settings)" }
        return lines.joined(separator: "\n")
    }
}
