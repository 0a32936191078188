/// Whether every block in the data directory is sound, byte for byte: a Prometheus starts on damaged ones.
struct BlocksIntact: RecoveryCheck {
    let name = "prometheus_blocks_intact"
    var component: String? { subject.name }
    private let subject: CheckedStack.Component
    var target: String { "no block damaged" }
    /// Every byte is read: some hundred mebibytes a second.
    var timeLimit: Duration? { .seconds(3600) }

    init(_ subject: CheckedStack.Component) { self.subject = subject }

    func measure() throws -> Measurement {
        guard let examine = subject.examineBlocks else {
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
}
