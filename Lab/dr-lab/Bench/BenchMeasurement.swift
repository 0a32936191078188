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
        /// Bytes.
        var peakMemory: Int

        init(_ process: MeasuredProcess) {
            wall = process.wall / .seconds(1)
            cpu = process.cpu / .seconds(1)
            peakMemory = process.peakMemory
        }
    }

    /// The median wall time in seconds.
    var wall: Double { Self.median(runs.map(\.wall)) }
    var cpu: Double { Self.median(runs.map(\.cpu)) }
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
