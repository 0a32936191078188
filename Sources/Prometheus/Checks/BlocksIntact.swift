internal import BackupRepository
internal import Components
internal import Foundation

/// Checks every block in the data directory byte for byte: a Prometheus starts on damaged ones.
struct BlocksIntact: RecoveryCheck {
    let name = "prometheus_blocks_intact"
    var component: String? { subject.name }
    private let subject: CheckedComponent
    /// Absolute path of the data directory.
    private let data: String
    var target: String { "no block damaged" }
    /// Every byte is read: some hundred mebibytes a second.
    var timeLimit: Duration? { .seconds(3600) }

    init(_ subject: CheckedComponent, data: String) {
        self.subject = subject
        self.data = data
    }

    func measure() throws -> Components.Measurement {
        // A server may run elsewhere, and its data are not here then.
        guard FileManager.default.fileExists(atPath: data) else {
            return .skipped("the data directory is not on this machine")
        }
        let found = try examine()
        if found.blocks == 0, found.damage.isEmpty {
            let expected = subject.facts?["blocks"] ?? "0"
            return expected == "0"
                ? .skipped("there is no block yet: a young server has all in its write-ahead log")
                : .failed("no block", "the set has \(expected) blocks")
        }
        return .judged(
            found.damage.isEmpty, "\(found.blocks) blocks, \(found.damage.count) damages",
            found.damage.prefix(5).joined(separator: "; "))
    }

    /// Reads every block. One that is gone after it was read was compacted meanwhile, and is not damaged.
    private func examine() throws -> (blocks: Int, damage: [String]) {
        var found: (blocks: Int, damage: [String]) = (0, [])
        for name in try FileManager.default.contentsOfDirectory(atPath: data).sorted() where BlockName.isBlock(name) {
            let report = try BlockVerifier("\(data)/\(name)").verify()
            guard FileManager.default.fileExists(atPath: "\(data)/\(name)") else { continue }
            found.blocks += 1
            found.damage += report.damage.map { "\(name)/\($0.path): \($0.reason)" }
        }
        return found
    }
}
