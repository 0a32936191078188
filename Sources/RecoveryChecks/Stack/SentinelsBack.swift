import BackupRepository

/// Whether what came back is this set and no other: the nonces that were written before it are read again.
struct SentinelsBack: RecoveryCheck {
    let name = "sentinels"
    let component: String? = nil
    private let stack: CheckedStack
    var target: String { "the nonces of the set" }
    var timeLimit: Duration? { .seconds(120) }

    init(_ stack: CheckedStack) { self.stack = stack }

    func measure() throws -> Measurement {
        guard let set = stack.set else { return .skipped("there is no set to compare with") }
        if let obstacle = stack.setObstacle { return .failed("-", obstacle) }
        guard let recorded = stack.recorded else {
            guard stack.sentinels.contains(where: { stack.wasRestored($0.component) }) else {
                return .skipped("no sentinel is configured: see 'checks: sentinels:'")
            }
            return .failed("nothing recorded", "set \(set) has no recorded sentinels")
        }
        let wanted = recorded.sentinels.filter { stack.wasRestored($0.component) }
        guard !wanted.isEmpty else {
            return .skipped("no sentinel was written before set \(set): see 'checks: sentinels:'")
        }
        var wrong: [String] = []
        for record in wanted {
            try Task.checkCancellation()
            guard let sentinel = stack.sentinels.first(where: { $0.component == record.component }) else {
                wrong.append("\(record.component): 'checks: sentinels:' does not say any more where it is")
                continue
            }
            do {
                if let difference = Self.judge(record, found: try sentinel.nonces(around: record.at)) {
                    wrong.append("\(record.component): \(difference)")
                }
            } catch let error where !(error is CancellationError) {
                wrong.append("\(record.component): \(error)")
            }
        }
        return .judged(
            wrong.isEmpty, "\(wanted.count - wrong.count) of \(wanted.count) are back", wrong.joined(separator: "; "))
    }

    /// - Returns: nil when the nonce is there, else what that means.
    static func judge(_ record: RecordedSentinel, found: [String]) -> String? {
        if found.contains(record.nonce) { return nil }
        guard let newest = found.max() else { return "no sentinel is there: what came back is no backup that has one" }
        let other = Nonce.timestamp(newest).map { "\($0)" } ?? "'\(newest)'"
        return newest < record.nonce
            ? "an older backup came back: its sentinel is of \(other)"
            : "its sentinel is of \(other): a newer backup, or the stack as it is"
    }
}
