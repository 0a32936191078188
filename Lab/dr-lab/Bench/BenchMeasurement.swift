import Lab

enum BenchScenario: String, CaseIterable, Encodable, Sendable {
    /// A backup to an empty repository.
    case cold
    case unchanged
    /// A backup with about 1 % of the bytes in new files.
    case changed
    case restore
}

/// The runs of one tool in one scenario, with their figures.
struct BenchRow: Encodable, Sendable {
    var place: String
    var scenario: BenchScenario
    var tool: String
    var runs: [Run] = []
    /// The bytes in the repository after the last run; nil for a restore.
    var stored: Int?

    struct Run: Encodable, Sendable {
        var wall: Double
        var cpu: Double
        /// Processor seconds of all other processes meanwhile.
        var others: Double
        /// Seconds without work, summed over the processors.
        var idle: Double
        /// Bytes.
        var peakMemory: Int
        /// The memory of the process that started the program, in bytes. No peak can be smaller.
        var floor: Int
        /// Seconds that a `sync` took after the program ended: until its data were on disk.
        var sync = 0.0

        init(_ process: MeasuredProcess) {
            wall = process.wall / .seconds(1)
            cpu = process.cpu / .seconds(1)
            others = process.others / .seconds(1)
            idle = process.idle / .seconds(1)
            peakMemory = process.peakMemory
            floor = process.floor
        }
    }

    /// The median wall time in seconds.
    var wall: Double { Self.median(runs.map(\.wall)) }
    /// The median time until all data were on disk, in seconds.
    var durable: Double { Self.median(runs.map { $0.wall + $0.sync }) }
    var cpu: Double { Self.median(runs.map(\.cpu)) }
    /// One line with the medians of the runs: wall time, processor time of the program and of others, idle time, sync.
    var account: String {
        let sync = Self.median(runs.map(\.sync))
        let parts = [
            "\(BenchText.seconds(cpu)) of its own", "\(BenchText.seconds(Self.median(runs.map(\.others)))) of others",
            "\(BenchText.seconds(Self.median(runs.map(\.idle)))) idle",
        ]
        return "\(tool): \(BenchText.seconds(wall)), of the processors' time \(parts.joined(separator: ", "))"
            + (sync >= 0.05 ? ", then \(BenchText.seconds(sync)) until it is on disk" : "")
    }
    /// The maximum of all runs in bytes, because a bound must hold in each run.
    var peakMemory: Int { runs.map(\.peakMemory).max() ?? 0 }

    /// Returns the median; 0 if there are no values.
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
    }

    enum CodingKeys: String, CodingKey {
        case place, scenario, tool, wall, cpu, peakMemory, stored, runs
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(place, forKey: .place)
        try container.encode(scenario, forKey: .scenario)
        try container.encode(tool, forKey: .tool)
        try container.encode(wall, forKey: .wall)
        try container.encode(cpu, forKey: .cpu)
        try container.encode(peakMemory, forKey: .peakMemory)
        try container.encodeIfPresent(stored, forKey: .stored)
        try container.encode(runs, forKey: .runs)
    }
}
