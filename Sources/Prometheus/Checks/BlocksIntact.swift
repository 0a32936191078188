internal import BackupRepository
internal import Components
internal import FoundationEssentials

/// Checks every block in the data directory byte for byte: a Prometheus starts even on damaged ones.
struct BlocksIntact: RecoveryCheck {
    let name = "prometheus_blocks_intact"
    var component: String? { subject.name }
    private let subject: CheckedComponent
    /// Reads every block; nil if the data directory is not on this machine.
    private let examine: (@Sendable () throws -> ExaminedBlocks)?
    var target: String { "no block damaged" }
    /// Every byte is read: some hundred mebibytes a second.
    var timeLimit: Duration? { .seconds(3600) }

    /// - Parameter data: absolute path of the data directory.
    init(_ subject: CheckedComponent, data: String) {
        // If the server runs on another machine, its data are not here.
        self.subject = subject
        let read: @Sendable () throws -> ExaminedBlocks = { try ExaminedBlocks(readingAllIn: data) }
        examine = FileManager.default.fileExists(atPath: data) ? read : nil
    }

    init(_ subject: CheckedComponent, examine: (@Sendable () throws -> ExaminedBlocks)?) {
        self.subject = subject
        self.examine = examine
    }

    func measure() throws -> Components.Measurement {
        guard let examine else {
            return .skipped("the data directory is not on this machine")
        }
        let found = try examine()
        if found.blocks == 0, found.damage.isEmpty {
            let expected = subject.facts?["blocks"] ?? "0"
            return expected == "0"
                ? .skipped("there is no block yet: a new server has all samples in its write-ahead log")
                : .failed("no block", "the set has \(expected) blocks")
        }
        return .judged(
            found.damage.isEmpty, "\(found.blocks) blocks, \(found.damage.count) damaged parts",
            otherwise: found.damage.prefix(5).joined(separator: "; "))
    }
}

/// The result of reading every block of a data directory.
struct ExaminedBlocks: Sendable {
    var blocks: Int
    /// One line for each damaged part.
    var damage: [String]

    init(blocks: Int, damage: [String]) {
        self.blocks = blocks
        self.damage = damage
    }

    /// Reads every block. A block that is deleted after it was read was compacted meanwhile, and is not damaged.
    /// - Parameter data: absolute path of the data directory.
    init(readingAllIn data: String) throws {
        self.init(blocks: 0, damage: [])
        for name in try FileManager.default.contentsOfDirectory(atPath: data).sorted() where BlockName.isBlock(name) {
            let report = try BlockVerifier("\(data)/\(name)").verify()
            guard FileManager.default.fileExists(atPath: "\(data)/\(name)") else { continue }
            blocks += 1
            damage += report.damage.map { "\(name)/\($0.path): \($0.reason)" }
        }
    }
}
