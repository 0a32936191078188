internal import Foundation

/// One hour of a busy cluster's series as OpenMetrics text: counters, gauges, histograms and quantiles.
///
/// Labels and values resemble real ones, so that Prometheus creates chunks and an index like those of a real server.
struct CorpusSeries {
    /// The number of series. A sample needs about 3 bytes in a chunk.
    var series: Int
    var samples = 240
    var seed: UInt64

    /// A family of series with the behaviour of its values.
    private struct Family {
        var name: String
        var extraLabel: (name: String, values: [String])
        var motion: Motion
    }

    private enum Motion {
        /// A counter of events that grows by up to this amount per scrape, with pauses.
        case events(Int)
        /// A counter of bytes that grows by up to this amount per scrape.
        case bytes(Int)
        /// A counter of seconds, in hundredths.
        case seconds
        /// A gauge that changes randomly by hundredths.
        case wander
        /// Memory in pages of 4096 bytes, mostly constant.
        case memory
        /// A measurement with nine decimals that changes at each scrape.
        case measurement
        /// A gauge that rarely changes.
        case still
    }

    private static let families: [Family] = [
        Family(
            name: "container_cpu_usage_seconds_total", extraLabel: ("cpu", ["total", "cpu00", "cpu01"]),
            motion: .seconds),
        Family(
            name: "http_requests_total", extraLabel: ("code", ["200", "201", "302", "404", "500"]), motion: .events(40)),
        Family(
            name: "http_request_duration_seconds_bucket",
            extraLabel: ("le", ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"]),
            motion: .events(12)),
        Family(
            name: "node_network_receive_bytes_total", extraLabel: ("device", ["eth0", "eth1", "lo"]),
            motion: .bytes(2_000_000)),
        Family(
            name: "container_memory_working_set_bytes", extraLabel: ("container", ["app", "proxy", "init"]),
            motion: .memory),
        Family(name: "node_load1", extraLabel: ("mode", ["user", "system"]), motion: .wander),
        Family(
            name: "go_gc_duration_seconds", extraLabel: ("quantile", ["0", "0.25", "0.5", "0.75", "1"]),
            motion: .measurement),
        Family(
            name: "e2_termination_messages_total", extraLabel: ("type", ["indication", "control", "subscription"]),
            motion: .events(700)),
        Family(name: "kube_pod_status_phase", extraLabel: ("phase", ["Pending", "Running", "Failed"]), motion: .still),
    ]

    private static let start = 1_767_225_600

    /// Writes the text, a few megabytes at a time.
    func write(to file: URL) throws {

        var output = try CorpusFile(file.path)
        for (index, family) in Self.families.enumerated() {
            // Each family has its share, rounded so that the shares add up to the total.
            let count = series * (index + 1) / Self.families.count - series * index / Self.families.count
            for number in 0..<count { try write(family, number, to: &output) }
        }
        try output.append(Array("# EOF\n".utf8))
        try output.finish()
    }

    private func write(_ family: Family, _ number: Int, to output: inout CorpusFile) throws {
        let values = family.extraLabel.values
        let pod = number / values.count
        var random = CorpusRandom(seed: seed, part: "\(family.name)/\(number)")
        var name = CorpusRandom(seed: seed, part: "pod/\(pod)")
        let identity = String(name.next() % 0xffff_ffff, radix: 36)
        // Each container has a random identity. These identities are a large part of a real index.
        var container = CorpusRandom(seed: seed, part: "container/\(family.name)/\(number / 2)")
        let identifier = String(container.next(), radix: 16) + String(container.next(), radix: 16)
        let labels =
            "\(family.name){\(family.extraLabel.name)=\"\(values[number % values.count])\",id=\"\(identifier)\","
            + "instance=\"10.\(pod / 2500).\(pod / 50 % 50).\(pod % 50):9100\",job=\"kubernetes-pods\","
            + "namespace=\"\(["nephoran", "monitoring", "ricplt", "kube-system"][pod % 4])\","
            + "node=\"worker-\(pod % 24)\",pod=\"\(["e2term", "submgr", "rtmgr", "a1mediator", "xapp"][pod % 5])-\(identity)\"} "
        let head = Array(labels.utf8)
        let phase = random.below(15_000)
        var value = Value(motion: family.motion, random: &random)
        var line: [UInt8] = []
        line.reserveCapacity(head.count + 40)
        for sample in 0..<samples {
            value.move(&random)
            // Some scrapes start a few milliseconds late.
            let late = random.below(10) == 0 ? random.below(8) : 0
            line.removeAll(keepingCapacity: true)
            line.append(contentsOf: head)
            line.appendDecimal(value.units, decimals: value.decimals)
            line.append(UInt8(ascii: " "))
            line.appendDecimal(Self.start * 1000 + sample * 15_000 + phase + late, decimals: 3)
            line.append(UInt8(ascii: "\n"))
            try output.append(line)
        }
    }

    /// A number in units of its last decimal, so that text and changes are exact and reproducible.
    private struct Value {
        var motion: Motion
        var units: Int
        var decimals: Int
        private let rate: Int

        init(motion: Motion, random: inout CorpusRandom) {
            self.motion = motion
            switch motion {
            case .events(let most):
                (units, decimals, rate) = (random.below(1_000_000), 0, 1 + random.below(most))
            case .bytes(let most):
                (units, decimals, rate) = (random.below(1 << 38), 0, 1 + random.below(most))
            case .seconds: (units, decimals, rate) = (random.below(90_000_000), 2, 1 + random.below(900))
            case .wander: (units, decimals, rate) = (100 + random.below(400), 2, 1 + random.below(30))
            case .memory: (units, decimals, rate) = (4096 * random.below(200_000), 0, 1 + random.below(200))
            case .measurement: (units, decimals, rate) = (0, 9, 1 + random.below(400_000_000))
            case .still: (units, decimals, rate) = (random.below(2), 0, 1)
            }
        }

        mutating func move(_ random: inout CorpusRandom) {
            switch motion {
            case .events: units += random.below(4) == 0 ? 0 : random.below(rate + 1)
            case .bytes, .seconds: units += random.below(rate + 1)
            case .wander: units = max(0, units + random.below(2 * rate + 1) - rate)
            case .memory:
                units = max(0, units + (random.below(4) == 0 ? 4096 * (random.below(2 * rate + 1) - rate) : 0))
            case .measurement: units = random.below(rate)
            case .still: if random.below(400) == 0 { units = 1 - units }
            }
        }
    }
}

extension [UInt8] {
    /// Appends a non-negative number: `1234` with 2 decimals is `12.34`.
    fileprivate mutating func appendDecimal(_ units: Int, decimals: Int) {
        var digits: [UInt8] = []
        var rest = units
        repeat {
            digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
            if digits.count == decimals { digits.append(UInt8(ascii: ".")) }
        } while rest > 0 || digits.count <= decimals
        if digits.last == UInt8(ascii: ".") { digits.append(UInt8(ascii: "0")) }
        append(contentsOf: digits.reversed())
    }
}
