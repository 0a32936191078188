internal import BackupRepository
internal import Documents
internal import Loki
internal import Platform
internal import S3

/// Lists the objects of one capture, in the order that their program needs.
struct BucketListing {
    private let bucket: S3Bucket
    private let profile: BucketProfile
    private let patterns: IgnorePatterns
    private let spool: ObjectSpool
    private let progress: WorkProgress

    /// - Parameter state: the component's folder, for the copies of early objects.
    init(
        _ bucket: S3Bucket, _ profile: BucketProfile, skipping patterns: IgnorePatterns, state: String,
        progress: WorkProgress
    ) throws {
        self.bucket = bucket
        self.profile = profile
        self.patterns = patterns
        self.progress = progress
        spool = try ObjectSpool("\(state)/early")
    }

    struct Result: Sendable {
        var tree: BucketTree
        var incompleteBlocks: Int
        var summary: Summary
    }

    /// What the listing tells about the objects.
    struct Summary: Sendable {
        var damage: [Damage] = []
        var warnings: [String] = []
        /// Milliseconds since 1970 of the newest chunk's end.
        var newest: Int?
    }

    /// The most rounds of reading early objects: each ends when a listing has no new one.
    private static let mostRounds = 8

    func run() throws -> Result {
        let table = try BucketTable()
        var summary = Summary()
        let early = try readEarly(&summary)
        for object in early { try table.add(object) }
        if profile.hasBlocks { try noteCompleteBlocks(in: table) }
        var incomplete: Set<BucketKey> = []
        let unreadable = try bucket.list { object in
            progress.update { $0.files += 1 }
            guard !isExcluded(object.key), !profile.isEarly(object.key) else { return }
            if let block = profile.block(of: object.key) {
                guard try table.state(of: block) != nil else {
                    if incomplete.count < Self.mostCounted { incomplete.insert(block) }
                    return
                }
                if profile.completesBlock(object.key) { try table.setState(.listed, of: block) }
            }
            if profile == .loki, let through = LokiObjects.through(ofKey: object.key.bytes) {
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
        let tree = BucketTree(bucket, table, profile: profile, spool: spool)
        return Result(tree: tree, incompleteBlocks: incomplete.count, summary: summary)
    }

    private static let mostCounted = 10_000

    /// Lists and reads the early objects until a listing has no new one: those of an index are replaced by others
    /// meanwhile, which name the same objects.
    /// - Returns: the objects of the last listing, which are all in the spool.
    private func readEarly(_ summary: inout Summary) throws -> [BucketObject] {
        guard profile.hasEarlyObjects else { return [] }
        var read: [BucketObject] = []
        for round in 1...Self.mostRounds {
            read = []
            var isNew = false
            try bucket.list(prefix: profile.earlyPrefix) { object in
                guard profile.isEarly(object.key), !isExcluded(object.key) else { return }
                if spool.holds(object) { return read.append(object) }
                isNew = true
                if let copied = try spool.copy(object, from: bucket) { read.append(copied) }
                progress.update { $0.files += 1 }
            }
            // Files that changed within the last round are in the spool as they were read.
            if !isNew { break }
            if round == Self.mostRounds {
                summary.warnings.append(
                    "the index changed in each of \(round) listings: this backup has it as it was in the last one")
            }
        }
        try spool.keep(only: read)
        return read
    }

    /// The first of two listings: a block that has its last object now has all others, which the second one finds.
    private func noteCompleteBlocks(in table: BucketTable) throws {
        try bucket.list { object in
            guard profile.completesBlock(object.key), let block = profile.block(of: object.key) else { return }
            try table.setState(.complete, of: block)
        }
    }

    /// True if a pattern matches the key, or a folder above it.
    private func isExcluded(_ key: BucketKey) -> Bool {
        guard !patterns.isEmpty else { return false }
        let slash = UInt8(ascii: "/")
        for (number, byte) in key.bytes.enumerated() where byte == slash && number > 0 {
            if patterns.ignores(key.bytes[..<number], isDirectory: true) { return true }
        }
        return patterns.ignores(key.bytes[...], isDirectory: false)
    }
}
