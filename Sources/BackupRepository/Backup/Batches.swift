internal import Synchronization

/// Deals the fresh records out to packs: in order, each batch as much as fits in one, a large file alone.
final class Batches: Sendable {
    private struct State {
        var queue: ArraySlice<Catalog.Fresh> = []
        var last: [UInt8]?
        var isAtEnd = false
    }

    private let catalog: Catalog
    private let settings: PackSettings
    /// Paths that are not to be stored, a directory with all below it.
    private let skipped: [[UInt8]]
    private let state = Mutex(State())

    init(_ catalog: Catalog, _ settings: PackSettings, skipping skipped: [[UInt8]]) {
        self.catalog = catalog
        self.settings = settings
        self.skipped = skipped
    }

    /// - Returns: the next batch, nil when all are dealt out.
    func next() throws -> [Catalog.Fresh]? {
        try state.withLock { state in
            var batch: [Catalog.Fresh] = []
            var bytes = 0
            while batch.count < settings.maximumMembers {
                if state.queue.isEmpty, !state.isAtEnd { try refill(&state) }
                guard let record = state.queue.first else { break }
                let size = record.known == nil ? record.record.size : 0
                let isLarge = size >= settings.targetBytes / 2
                guard batch.isEmpty || (!isLarge && bytes + size <= settings.targetBytes) else { break }
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

/// Whether `path` is `tree`, or below the directory `tree`; a slash at the end of either makes no difference.
func isWithin(_ path: [UInt8], _ tree: [UInt8]) -> Bool {
    let slash = UInt8(ascii: "/")
    let tree = tree.last == slash ? tree.dropLast() : tree[...]
    return path.starts(with: tree) && (path.count == tree.count || path[tree.count] == slash)
}
