internal import BackupRepository

/// Checks that this set was restored and no other, by the canaries that were written before its backup.
package struct CanariesRestored: RecoveryCheck {
    package static let checkName = "canaries"
    package let name = Self.checkName
    package let component: String? = nil
    private let stack: CheckedStack
    package var target: String { "the canaries of the set" }
    package var timeLimit: Duration? { .seconds(120) }

    init(_ stack: CheckedStack) { self.stack = stack }

    package func measure() throws -> Measurement {
        guard let set = stack.set else { return .skipped("there is no set to compare with") }
        if let obstacle = stack.setObstacle { return .failed("-", obstacle) }
        guard let recorded = stack.recorded else {
            guard stack.canaries.contains(where: { stack.wasRestored($0.component) }) else {
                return .skipped("no canary is configured: see 'checks: canaries:'")
            }
            return .failed("nothing recorded", "set \(set) has no recorded canaries")
        }
        let wanted = recorded.canaries.filter { stack.wasRestored($0.component) }
        guard !wanted.isEmpty else {
            return .skipped("no canary was written before set \(set): see 'checks: canaries:'")
        }
        var wrong: [String] = []
        for record in wanted {
            try Task.checkCancellation()
            guard let placed = stack.canaries.first(where: { $0.component == record.component }) else {
                wrong.append("\(record.component): 'checks: canaries:' does not have this component any more")
                continue
            }
            do {
                if let difference = Self.judge(record, found: try placed.canary.values(around: record.at)) {
                    wrong.append("\(record.component): \(difference)")
                }
            } catch let error where !(error is CancellationError) {
                wrong.append("\(record.component): \(error)")
            }
        }
        return .judged(
            wrong.isEmpty, "\(wanted.count - wrong.count) of \(wanted.count) are restored",
            otherwise: wrong.joined(separator: "; "))
    }

    /// - Returns: nil if the canary is there; otherwise a description of the restored data.
    static func judge(_ record: RecordedCanary, found: [String]) -> String? {
        if found.contains(record.value) { return nil }
        guard let newest = found.max() else {
            return "there is no canary: the restored data comes from a backup without one"
        }
        guard let other = CanaryValue.timestamp(newest), let wanted = CanaryValue.timestamp(record.value) else {
            return "the canary is '\(newest)', which is not a canary of dr"
        }
        // Canaries of one second differ by chance only, so their order says nothing.
        if other == wanted { return "another backup was restored: its canary is of the same second, \(other)" }
        return other < wanted
            ? "an older backup was restored: its canary is of \(other)"
            : "the canary is of \(other): a newer backup, or the live stack itself"
    }
}
