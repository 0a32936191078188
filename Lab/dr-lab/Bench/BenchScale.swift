import Foundation
import Lab

/// Measures six components on a distant store within a memory bound, and several worker processes against one.
struct BenchScale {
    var tool: DRTool
    /// The small files of one of the components.
    var files: Int
    /// The size of each other component, and of the one that workers store.
    var mebibytes: Int
    var work: URL
    var rounds: Int
    var say: @Sendable (String) -> Void

    struct Result: Encodable, Sendable {
        var files: Int
        var mebibytes: Int
        var cold: BenchRow
        var unchanged: BenchRow
        var restore: BenchRow
        var one: BenchRow
        var workers: BenchRow
        /// The time of several workers relative to one process.
        var ratio: Double { workers.wall / max(one.wall, 0.001) }
        /// The largest resident memory of all runs, in bytes.
        var peakMemory: Int { [cold, unchanged, restore].map(\.peakMemory).max() ?? 0 }
    }

    private static let components = 6
    static let workers = 4
    private static let latency = Duration.milliseconds(50)
    /// The bytes that a connection moves in a round trip.
    private static let window = 256 << 10

    func run() async throws -> Result {
        let server = try await SeaweedFS()
        try await server.makeBucket("scale")
        let proxy = try FaultyProxy(
            to: server.endpoint, rates: [:], latency: Self.latency, window: Self.window, seed: 1)
        defer { proxy.stop() }
        let environment = [
            "AWS_ACCESS_KEY_ID": server.accessKey, "AWS_SECRET_ACCESS_KEY": server.secretKey,
            "AWS_ENDPOINT_URL": proxy.endpoint, "AWS_EC2_METADATA_DISABLED": "true",
        ]
        var result = Result(
            files: files, mebibytes: mebibytes, cold: row(.cold, "dr, first backup"),
            unchanged: row(.unchanged, "dr, unchanged"), restore: row(.restore, "dr restore --all"),
            one: row(.cold, "one process"), workers: row(.cold, "\(Self.workers) workers"))
        try await writeTrees()
        let log = work.appending(path: "command.log").path
        func measure(_ row: inout BenchRow, _ configuration: String, _ arguments: [String]) async throws {
            sync()
            let process = try await MeasuredProcess.run(
                [tool.program, "--config", work.appending(path: configuration).path, "--no-progress"] + arguments,
                log: log, environment: environment)
            try process.requireSuccess()
            row.runs.append(.init(process))
            let run = BenchRow.Run(process)
            say("\(row.tool): \(BenchText.seconds(run.wall)), \(BenchText.mebibytes(run.peakMemory))")
        }
        for round in 0..<rounds {
            let names = (0..<Self.components).map { "  part\($0): {kind: files, data: \"\(tree($0).path)\"}" }
            try write("six-\(round).yaml", prefix: "six-\(round)", names, extra: "limits: {memory: 128MiB}")
            var unmeasured = row(.cold, "dr init")
            try await measure(&unmeasured, "six-\(round).yaml", ["init", "--create"])
            try await measure(&result.cold, "six-\(round).yaml", ["backup"])
            try await measure(&result.unchanged, "six-\(round).yaml", ["backup"])
            let output = work.appending(path: "out-\(round)")
            try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
            try await measure(&result.restore, "six-\(round).yaml", ["restore", "--all", "--to", output.path])
            for number in 0..<Self.components {
                try await requireSame(tree(number), output.appending(path: "part\(number)"), log)
            }
            // rm(1): Foundation takes minutes for a million files.
            try await MeasuredProcess.run(["/bin/rm", "-rf", output.path], log: log).requireSuccess()

            for workers in round % 2 == 0 ? [1, Self.workers] : [Self.workers, 1] {
                let name = "workers-\(round)-\(workers)"
                let component = "  web: {kind: files, data: \"\(work.path)/trees\", workers: \(workers)}"
                try write("\(name).yaml", prefix: name, [component])
                try await measure(&unmeasured, "\(name).yaml", ["init", "--create"])
                if workers == 1 {
                    try await measure(&result.one, "\(name).yaml", ["backup"])
                } else {
                    try await measure(&result.workers, "\(name).yaml", ["backup"])
                }
            }
        }
        return result
    }

    private func row(_ scenario: BenchScenario, _ tool: String) -> BenchRow {
        BenchRow(place: "S3, 50 ms away", scenario: scenario, tool: tool)
    }

    private func tree(_ number: Int) -> URL { work.appending(path: "trees/\(number)") }

    private func write(_ name: String, prefix: String, _ components: [String], extra: String = "") throws {
        let lines = [
            "store: {url: \"s3://scale/\(prefix)\"}", "state: \"\(work.path)/state-\(prefix)\"", "components:",
        ]
        let text = (lines + components + [extra, ""]).joined(separator: "\n")
        try text.write(to: work.appending(path: name), atomically: true, encoding: .utf8)
    }

    /// One tree of many small files, the others of large random ones.
    private func writeTrees() async throws {
        for number in 0..<Self.components {
            try FileManager.default.createDirectory(at: tree(number), withIntermediateDirectories: true)
        }
        try BenchSmallFiles.write(files, to: tree(0))
        let piece = 4
        for number in 1..<Self.components {
            for part in 0..<max(1, mebibytes / piece) {
                let file = tree(number).appending(path: "part-\(part)").path
                _ = try await LabTool.output("/bin/sh", ["-c", "head -c \(piece)M /dev/urandom > '\(file)'"])
            }
        }
    }

    /// Compares the names of all files, and the content of the large ones and of every twentieth folder of small ones: a
    /// comparison of a million files takes longer than all the rest.
    private func requireSame(_ tree: URL, _ copy: URL, _ log: String) async throws {
        let script = #"""
            set -e
            names() {
                (cd "$1" && find . -mindepth 1 \( -type d -printf '%P/\n' -o -printf '%P %s\n' \) | LC_ALL=C sort | sha256sum)
            }
            [ "$(names "$0")" = "$(names "$1")" ] || { echo "the names differ"; exit 1; }
            cd "$0"
            for entry in *; do
                case $entry in *[!0-9]*|*[02468]0|0) diff --recursive --no-dereference "$entry" "$1/$entry" ;; esac
            done
            """#
        try await MeasuredProcess.run(["/bin/bash", "-c", script, tree.path, copy.path], log: log).requireSuccess()
    }
}
