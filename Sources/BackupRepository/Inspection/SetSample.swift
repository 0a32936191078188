package import Platform

extension [Timestamp] {
    /// Returns a sample of the names that is spread evenly over their time span: the newest of each time slot. Every
    /// n-th name would mostly be a recent one, because old sets are thinned out.
    /// - Parameter most: the number of slots, at least 1.
    /// - Returns: in the order of time, including the newest of all.
    package func spread(most: Int) -> [Timestamp] {
        guard let first = self.min(), let last = self.max() else { return [] }
        let length = last.seconds - first.seconds + 1
        var newest: [Int: Timestamp] = [:]
        for name in self {
            let slot = (name.seconds - first.seconds) * most / length
            newest[slot] = Swift.max(newest[slot] ?? name, name)
        }
        return newest.values.sorted()
    }
}

extension Repository {
    /// Reads a sample of this stack's sets that is spread evenly over their time.
    ///
    /// A time slot whose newest set was imported or lacks a component is searched further, within a bound: each set is one request.
    /// - Parameters:
    ///   - names: of sets up to the present.
    ///   - most: the number of slots.
    /// - Returns: in the order of time; imported sets and those that lack components too, as far as they were read.
    package func sample(of names: [Timestamp], most: Int, pool: BlockingPool) async throws -> [BackupSet] {
        var names = names
        var read: [Timestamp: BackupSet] = [:]
        for _ in 0..<4 where !names.isEmpty {
            let sample = names.spread(most: most)
            for set in try await sets(sample.filter { read[$0] == nil }, pool: pool).sets where scope.owns(set) {
                read[set.name] = set
            }
            let good = sample.filter { read[$0].map { $0.imported == nil && $0.holdsAllConfigured } ?? false }
            guard good.count < sample.count else { break }
            let rest = Set(sample).subtracting(good)
            names.removeAll { rest.contains($0) }
        }
        return read.values.sorted { $0.name < $1.name }
    }
}

extension BackupSet {
    fileprivate var holdsAllConfigured: Bool { (configured ?? []).allSatisfy { components[$0] != nil } }
}
