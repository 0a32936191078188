internal import Documents
internal import Platform
internal import Synchronization

/// The number of documents in an index of a snapshot. If the index was written to meanwhile, it is a range: from the
/// count before the snapshot to the count after it.
struct DocumentCount: Equatable, Sendable {
    var least: Int
    var most: Int

    var json: JSONValue { ["least": JSONValue(least), "most": JSONValue(most)] }

    init(least: Int, most: Int) {
        self.least = min(least, most)
        self.most = max(least, most)
    }

    init?(_ json: JSONValue?) {
        guard let least = json?["least"]?.quantity, let most = json?["most"]?.quantity else { return nil }
        self.init(least: least, most: most)
    }

    func contains(_ count: Int) -> Bool { (least...most).contains(count) }

    var description: String { least == most ? "\(least)" : "\(least) to \(most)" }

    /// The counts of a snapshot's indices as one fact of the manifest, with which the checks compare each restored
    /// index: "jaeger-span-2026-11-24 340-350, jaeger-span-2026-11-23 1200".
    /// - Parameter counts: by index; the first ones by name are written.
    static func fact(_ counts: [String: DocumentCount]) -> String? {
        let entries = counts.sorted { $0.key < $1.key }.prefix(longestFact).map { name, count in
            "\(name) \(count.least == count.most ? "\(count.least)" : "\(count.least)-\(count.most)")"
        }
        return entries.isEmpty ? nil : entries.joined(separator: ", ")
    }

    /// The largest number of indices that a restore compares.
    private static let longestFact = 200
}

extension ElasticsearchAPI {
    /// Counts every index separately, a few at a time; those that cannot be counted are skipped.
    func counts(of indices: [String]) async throws -> [String: Int] {
        let counts = Mutex([String: Int]())
        try await indices.concurrentForEach(limit: 4) { name in
            let count = try await count(name)
            counts.withLock { $0[name] = count }
        }
        return counts.withLock { $0 }
    }
}
