/// Asks the server of each restored component for the data of the set: a recovery is true only if the servers have
/// them, whatever was written to their directories.
///
/// Fails if one component has no proof. A component whose set holds nothing needs none.
package struct RestoredData: RecoveryCheck {
    package static let checkName = "restored_data"
    package let name = Self.checkName
    package let component: String? = nil
    private let stack: CheckedStack
    /// The proofs of the kinds, for all components.
    private let proofs: [any RecoveryCheck]
    package var target: String { "every server has the set's data" }
    package var timeLimit: Duration? { .seconds(600) }

    init(_ stack: CheckedStack, proofs: [any RecoveryCheck]) {
        self.stack = stack
        self.proofs = proofs
    }

    package func measure() throws -> Measurement {
        guard stack.set != nil else { return .skipped("there is no set to compare with") }
        if let obstacle = stack.setObstacle { return .failed("-", obstacle) }
        var (proved, asked) = (0, 0)
        var wrong: [String] = []
        for subject in stack.components where stack.wasRestored(subject.name) {
            guard let facts = subject.facts, subject.kind.holdsAnything(facts, at: subject.context.now()) else {
                continue
            }
            let own = proofs.filter { $0.component == subject.name }
            guard !own.isEmpty else { continue }  // a kind without a server: its files were compared with their hashes
            asked += 1
            let failures = try own.compactMap { try Self.failure($0) }
            if failures.isEmpty {
                proved += 1
            } else {
                wrong.append("\(subject.name): \(failures.joined(separator: "; "))")
            }
        }
        guard asked > 0 else { return .skipped("no restored component has a server with data of the set") }
        return .judged(
            wrong.isEmpty, "\(proved) of \(asked) servers have them", otherwise: wrong.joined(separator: "; "))
    }

    /// - Returns: the reason why the proof does not hold; nil if it does.
    private static func failure(_ proof: any RecoveryCheck) throws -> String? {
        try Task.checkCancellation()
        let found: Measurement
        do { found = try proof.measure() } catch let error where !(error is CancellationError) {
            return "\(proof.name): \(error)"
        }
        guard found.verdict != .passed else { return nil }
        return "\(proof.name): \(found.measured), should be \(proof.target)\(found.detail.map { ": \($0)" } ?? "")"
    }
}
