internal import Kubernetes
internal import Synchronization

/// The values that a run remembers, kept in its journal.
final class JournalMemory: Sendable {
    private let values: Mutex<[String: String]>

    /// - Parameter earlier: the values of the earlier processes of this run.
    init(_ earlier: [String: String]) {
        values = Mutex(earlier)
    }

    func memory(in journal: Journal) -> RunMemory {
        RunMemory(
            recall: { name in self.values.withLock { $0[name] } },
            remember: { name, value in
                // The same value again needs no second line.
                guard self.values.withLock({ $0[name] }) != value else { return }
                try journal.append(.remembered(name: name, value: value))
                self.values.withLock { $0[name] = value }
            })
    }
}
