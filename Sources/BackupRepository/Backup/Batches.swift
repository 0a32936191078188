internal import Synchronization

/// Distributes the fresh records to packs, in order: each batch fills one pack, and a large file gets its own pack.
final class Batches: Sendable {
    private struct State {
        var queue: ArraySlice<Catalog.Fresh> = []
        var last: [UInt8]?
        var isAtEnd = false
    }

    private let catalog: Catalog
    private let settings: PackSettings
    /// Paths that are not stored. A directory includes everything below it.
    private let skipped: [[UInt8]]
    private let state = Mutex(State())

    init(_ catalog: Catalog, _ settings: PackSettings, skipping skipped: [[UInt8]]) {
        self.catalog = catalog
        self.settings = settings
        self.skipped = skipped
    }

    /// - Returns: the next batch; nil after the last.
    func next() throws -> [Catalog.Fresh]? {
        try state.withLock { state in
            var batch: [Catalog.Fresh] = []
            var (bytes, names) = (0, 0)
            while batch.count < settings.maximumMembers {
                if state.queue.isEmpty, !state.isAtEnd { try refill(&state) }
                guard let record = state.queue.first else { break }
                let size = record.known == nil ? record.record.size : 0
                let isLarge = size >= settings.targetBytes / 2
                guard batch.isEmpty || (!isLarge && bytes + size <= settings.targetBytes) else { break }
                names += record.record.path.count + (record.record.target?.count ?? 0)
                guard batch.isEmpty || names <= DocumentLimits.mostNameBytes else { break }
                state.queue.removeFirst()
                batch.append(record)
                bytes += size
                if isLarge { break }
            }
            return batch.isEmpty ? nil : batch
        }
    }

    private func refill(_ state: inout State) throws {
        while state.queue.isEmpty, !state.isAtEnd {
            let page = try catalog.fresh(after: state.last, limit: 1000)
            state.isAtEnd = page.count < 1000
            state.last = page.last?.record.path ?? state.last
            state.queue = page.filter { fresh in !skipped.contains { isWithin(fresh.record.path, $0) } }[...]
        }
    }
}

/// Returns true if `path` is `tree`, or below the directory `tree`. Trailing slashes make no difference.
func isWithin(_ path: [UInt8], _ tree: [UInt8]) -> Bool {
    let slash = UInt8(ascii: "/")
    let tree = tree.last == slash ? tree.dropLast() : tree[...]
    return path.starts(with: tree) && (path.count == tree.count || path[tree.count] == slash)
}
