package import Foundation
internal import Platform

/// A reproducible history of a small service landscape, as OpenMetrics text or as real TSDB blocks.
///
/// It contains counters with resets, gauges, histograms, and series that start and end.
package struct OpenMetricsHistory: Sendable {
    package var seed: UInt64
    /// The times of the first and the last sample, in seconds since 1970.
    package var interval: ClosedRange<Int>
    /// Seconds between samples.
    package var step: Int
    /// The number of instances; each has 34 series.
    package var instances: Int

    package init(seed: UInt64 = 1, interval: ClosedRange<Int>, step: Int = 30, instances: Int = 10) {
        self.seed = seed
        self.interval = interval
        self.step = step
        self.instances = instances
    }

    /// Expressions that use every family. Each has a result at nearly all times of the history.
    package static let expressions = [
        "lab_up", "count(lab_up == 1)", "sum by (method) (rate(lab_requests_total[5m]))",
        "topk(3, increase(lab_requests_total[30m]))", "resets(lab_requests_total[1h])",
        "avg by (instance) (lab_queue_length)", "max_over_time(lab_memory_bytes[15m])",
        "histogram_quantile(0.9, sum by (le) (rate(lab_request_duration_seconds_bucket[10m])))",
        "rate(lab_request_duration_seconds_sum[5m]) / rate(lab_request_duration_seconds_count[5m])",
        "stddev(lab_temperature_celsius)", "deriv(lab_temperature_celsius[20m])", "changes(lab_up[2h])",
        "lab_memory_bytes and on (instance) lab_up == 1", "quantile_over_time(0.5, lab_queue_length[10m])",
    ]

    private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

    /// Writes the text to `file`, family by family, with only one series in memory.
    /// - Returns: the number of samples.
    @discardableResult
    package func write(to file: URL) throws -> Int {
        guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
            throw LabError("cannot write '\(file.path)'")
        }
        let output = try FileHandle(forWritingTo: file)
        defer { try? output.close() }
        var samples = 0
        var text = ""
        func flush() throws {
            try output.write(contentsOf: Data(text.utf8))
            text.removeAll(keepingCapacity: true)
        }
        func family(_ name: String, _ type: String, _ help: String) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        }
        /// Adds one series. `next` returns the value at a time, or nil if the series is absent.
        func series(_ name: String, _ labels: String, _ next: (Int) -> String?) throws {
            for time in stride(from: interval.lowerBound, through: interval.upperBound, by: step) {
                guard let value = next(time) else { continue }
                text += "\(name){\(labels)} \(value) \(time)\n"
                samples += 1
            }
            try flush()
        }

        family("lab_up", "gauge", "Whether the instance answers.")
        for instance in 0..<instances {
            var random = Generator(seed, 1, instance)
            var isUp = true
            try series("lab_up", "instance=\"host-\(instance)\"") { _ in
                if random.chance(isUp ? 0.002 : 0.1) { isUp.toggle() }
                return isUp ? "1" : "0"
            }
        }
        family("lab_requests", "counter", "Requests served.")
        for instance in 0..<instances {
            for (index, method) in ["GET", "POST", "PUT", "DELETE"].enumerated() {
                for code in [200, 404, 500] {
                    var random = Generator(seed, 2, instance * 100 + index * 10 + code)
                    var total = 0
                    let labels = "instance=\"host-\(instance)\",method=\"\(method)\",code=\"\(code)\""
                    try series("lab_requests_total", labels) { time in
                        if random.chance(0.001) { total = 0 }
                        // More load by day than by night.
                        let daily = 1 + sin(Double(time % 86_400) / 86_400 * 2 * .pi)
                        total += Int(random.unit() * (code == 200 ? 900 : 20) * (0.2 + daily))
                        return String(total)
                    }
                }
            }
        }
        family("lab_queue_length", "gauge", "Jobs that wait.")
        for instance in 0..<instances {
            for queue in ["mail", "index", "billing"] {
                var random = Generator(seed, 3, instance * 10 + queue.count)
                var length = 20
                // One queue exists only in the second half.
                let from = queue == "billing" ? (interval.lowerBound + interval.upperBound) / 2 : interval.lowerBound
                try series("lab_queue_length", "instance=\"host-\(instance)\",queue=\"\(queue)\"") { time in
                    length = max(0, length + Int(random.unit() * 11) - 5)
                    return time >= from ? String(length) : nil
                }
            }
        }
        family("lab_memory_bytes", "gauge", "Memory in use.")
        for instance in 0..<instances {
            for kind in ["heap", "stack", "cache", "code"] {
                var random = Generator(seed, 4, instance * 10 + kind.count)
                var bytes = 2e8
                try series("lab_memory_bytes", "instance=\"host-\(instance)\",kind=\"\(kind)\"") { _ in
                    bytes = random.chance(0.01) ? 1.5e8 : bytes + random.unit() * 4e5 - 1e5
                    return String(Int(bytes) / 4096 * 4096)
                }
            }
        }
        family("lab_temperature_celsius", "gauge", "Temperature, as sensors give it.")
        for instance in 0..<instances {
            for sensor in 0..<2 {
                var random = Generator(seed, 5, instance * 10 + sensor)
                var degrees = 45.0
                try series("lab_temperature_celsius", "instance=\"host-\(instance)\",sensor=\"\(sensor)\"") { _ in
                    degrees += (random.unit() - 0.5) * 0.8 + (45 - degrees) * 0.02
                    return String((degrees * 16).rounded() / 16)
                }
            }
        }
        family("lab_request_duration_seconds", "histogram", "Duration of requests.")
        for instance in 0..<instances {
            // The samples of a histogram are grouped by time.
            var random = Generator(seed, 6, instance)
            var counts = [Int](repeating: 0, count: Self.bounds.count + 1)
            var sum = 0.0
            for time in stride(from: interval.lowerBound, through: interval.upperBound, by: step) {
                for _ in 0..<20 {
                    let seconds = 0.004 / max(0.001, random.unit())
                    counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
                    sum += seconds
                }
                var running = 0
                for (index, bound) in (Self.bounds.map { String($0) } + ["+Inf"]).enumerated() {
                    running += counts[index]
                    text += "lab_request_duration_seconds_bucket{instance=\"host-\(instance)\",le=\"\(bound)\"} "
                    text += "\(running) \(time)\n"
                }
                text += "lab_request_duration_seconds_sum{instance=\"host-\(instance)\"} \(sum) \(time)\n"
                text += "lab_request_duration_seconds_count{instance=\"host-\(instance)\"} \(running) \(time)\n"
                samples += Self.bounds.count + 3
                if text.utf8.count > 1 << 20 { try flush() }
            }
        }
        text += "# EOF\n"
        try flush()
        return samples
    }

    /// Writes the history as two-hour blocks to `data`, with `promtool`.
    /// - Returns: the number of samples.
    @discardableResult
    package func makeBlocks(in data: URL) async throws -> Int {
        let folder = try TemporaryFolder("history")
        defer { withExtendedLifetime(folder) {} }
        let file = folder.url.appending(path: "history.txt")
        let samples = try await Self.threads.run { try write(to: file) }
        // An interrupted promtool leaves temporary files, so it runs in a temporary folder.
        let promtool = try await CommandRun.run(
            "/usr/bin/promtool", ["tsdb", "create-blocks-from", "openmetrics", file.path, data.path],
            environment: ["TMPDIR": folder.path])
        guard promtool.status == 0 else { throw LabError("promtool: \(promtool.output)\(promtool.errors)") }
        return samples
    }

    private static let threads = BlockingPool(threads: 1)

    /// A reproducible generator for each series (SplitMix64: Steele, Lea and Flood, 2014).
    private struct Generator {
        private var state: UInt64

        init(_ seed: UInt64, _ family: UInt64, _ series: Int) {
            state = seed &* 0x9E37_79B9 &+ family << 40 &+ UInt64(series)
            _ = unit()
        }

        /// Returns a uniform number in 0 ..< 1.
        mutating func unit() -> Double {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return Double((value ^ value >> 31) >> 11) / Double(1 << 53)
        }

        mutating func chance(_ probability: Double) -> Bool { unit() < probability }
    }
}
