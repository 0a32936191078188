internal import BackupRepository
internal import Documents
internal import Loki
internal import ObjectStorage
internal import Platform
internal import S3

/// Lists the objects of one capture, in the order that their program needs.
struct BucketListing {
    private let bucket: S3Bucket
    private let layout: BucketLayout
    private let patterns: IgnorePatterns
    private let spool: ObjectSpool
    private let failures = ObjectFailures()
    private let progress: WorkProgress

    /// - Parameter state: the component's folder, for the copies of early objects.
    init(
        _ bucket: S3Bucket, _ layout: BucketLayout, skipping patterns: IgnorePatterns, state: String,
        progress: WorkProgress
    ) throws {
        self.bucket = bucket
        self.layout = layout
        self.patterns = patterns
        self.progress = progress
        spool = try ObjectSpool("\(state)/early")
    }

    struct Result: Sendable {
        var tree: BucketTree
        var incompleteBlocks: Int
        var summary: Summary
    }

    /// The damage and the warnings of a listing, and the time of the newest chunk.
    struct Summary: Sendable {
        var damage: [Damage] = []
        var warnings: [String] = []
        /// Milliseconds since 1970 of the newest chunk's end.
        var newest: Int?
    }

    /// The most rounds of reading early objects.
    private static let mostRounds = 8

    func run() throws -> Result {
        let table = try BucketTable()
        var summary = Summary()
        let early = try readEarly(&summary)
        for object in early { try table.add(object) }
        if layout.hasBlocks { try noteCompleteBlocks(in: table) }
        var incomplete: Set<BucketKey> = []
        let unreadable = try bucket.list { object in
            progress.update { $0.files += 1 }
            guard !patterns.ignores(object.key), !layout.isEarly(object.key) else { return }
            if let block = layout.block(of: object.key) {
                guard try table.state(of: block) != nil else {
                    if incomplete.count < Self.mostCounted { incomplete.insert(block) }
                    return
                }
                if layout.completesBlock(object.key) { try table.setState(.listed, of: block) }
            }
            if layout.profile == .loki, let through = LokiObjects.through(ofKey: object.key.bytes) {
                summary.newest = max(summary.newest ?? through, through)
            }
            try table.add(object)
        }
        try table.finish()
        summary.damage += unreadable.map {
            Damage(path: $0, reason: "its key is not UTF-8, so that no request can name it")
        }
        if let first = incomplete.min() {
            let others = incomplete.count > 1 ? " and \(incomplete.count - 1) more" : ""
            summary.warnings.append(
                "block \(first)\(others) has no meta.json and is not in this backup: it is being uploaded or deleted")
        }
        if layout.profile == .loki, early.isEmpty, summary.newest != nil {
            summary.warnings.append(
                "this backup has chunks, but no file below '\(layout.index)'. dr reads no other index before the chunks, "
                    + "so that it can name missing ones: set `index_prefix` to the `path_prefix` of Loki's index")
        }
        let tree = BucketTree(bucket, table, layout: layout, spool: spool, failures: failures)
        return Result(tree: tree, incompleteBlocks: incomplete.count, summary: summary)
    }

    private static let mostCounted = 10_000

    /// Lists and reads the early objects. Those of an index are replaced by others meanwhile, which name the same
    /// objects, and a listing during that can lack both: then only two equal listings show that nothing is missing.
    /// - Returns: the objects of the last listing, which are all in the spool.
    private func readEarly(_ summary: inout Summary) throws -> [BucketObject] {
        var read: [BucketObject] = []
        var listed: Set<BucketObject> = []
        var previous: Set<BucketObject>?
        var refused: [BucketObject: String] = [:]
        for round in 1...Self.mostRounds where layout.hasEarlyObjects {
            var gone: [BucketKey] = []
            (listed, read) = ([], [])
            try bucket.list(prefix: layout.earlyPrefix) { object in
                progress.update { $0.files += 1 }
                guard layout.isEarly(object.key), !patterns.ignores(object.key) else { return }
                listed.insert(object)
                guard refused[object] == nil else { return }
                do {
                    if object.isVersioned, spool.holds(object) {
                        read.append(object)
                    } else if let copied = try spool.copy(object, from: bucket) {
                        read.append(copied)
                    } else {
                        gone.append(object.key)
                    }
                } catch let error as ObjectStoreError {
                    guard try failures.isOfObjectAlone(error, object.key, in: bucket) else { throw error }
                    refused[object] = error.words
                }
            }
            if gone.isEmpty, !layout.movesEarlyObjects || listed == previous { break }
            previous = listed
            if round == Self.mostRounds { note(gone, in: &summary) }
        }
        for (object, reason) in refused.sorted(by: { $0.key.key < $1.key.key }) where listed.contains(object) {
            summary.damage.append(
                Damage(path: String(decoding: ObjectPath.path(of: object.key), as: UTF8.self), reason: reason))
        }
        // A profile that was changed leaves copies, too.
        try spool.keep(only: read)
        return read
    }

    /// Notes that the last round of reading early objects did not show that all of them are there.
    private func note(_ gone: [BucketKey], in summary: inout Summary) {
        guard let first = gone.min() else {
            summary.warnings.append(
                "the index changed in each of \(Self.mostRounds) listings: this backup has the last one, which can lack "
                    + "files that were replaced meanwhile")
            return
        }
        let others = gone.count > 1 ? ", as were \(gone.count - 1) more," : ""
        summary.damage.append(
            Damage(
                path: String(decoding: ObjectPath.path(of: first), as: UTF8.self),
                reason: "it was gone or changed\(others) after the last of \(Self.mostRounds) listings of the index: "
                    + "what replaced it is not in this backup"))
    }

    /// The first of two listings: a block that has its last object now has all others, which the second one finds.
    private func noteCompleteBlocks(in table: BucketTable) throws {
        try bucket.list { object in
            progress.update { $0.files += 1 }
            guard layout.completesBlock(object.key), let block = layout.block(of: object.key) else { return }
            try table.setState(.complete, of: block)
        }
    }
}

extension IgnorePatterns {
    /// True if a pattern matches the key, or a folder above it.
    func ignores(_ key: BucketKey) -> Bool {
        guard !isEmpty else { return false }
        let slash = UInt8(ascii: "/")
        for (number, byte) in key.bytes.enumerated() where byte == slash && number > 0 {
            if ignores(key.bytes[..<number], isDirectory: true) { return true }
        }
        return ignores(key.bytes[...], isDirectory: false)
    }
}
