internal import Cryptography
internal import ObjectStorage
internal import Platform

/// Creates the catalog of a manifest from the indexes of its packs.
struct CatalogFiller: Sendable {
    let repository: Repository
    let pool: BlockingPool
    /// The number of indexes read at the same time; each takes a few megabytes.
    var window = 4

    func fill(_ catalog: Catalog, from manifest: Manifest) async throws {
        try catalog.clear()
        try await add(manifest.packs, of: manifest.component, to: catalog) { _, _ in }
    }

    /// Adds the entries of packs, which replace those with the same paths.
    /// - Parameter check: receives the index and the entries of each pack, before they are added.
    func add(
        _ packs: [Manifest.PackUse], of component: String, to catalog: Catalog,
        checking check: @escaping @Sendable (PackIndex, [CatalogEntry]) throws -> Void
    ) async throws {
        // Numbers first, in the manifest's order, so that contents are ordered by the age of their packs.
        for use in packs { _ = try catalog.number(ofPack: use.pack) }
        try await packs.concurrentForEach(limit: window) { use in
            try await pool.run {
                let index = try repository.index(component, use)
                let entries = try entries(of: index, as: use, of: component, in: catalog)
                try check(index, entries)
                try catalog.insert(entries)
            }
        }
    }

    private func entries(
        of index: PackIndex, as use: Manifest.PackUse, of component: String, in catalog: Catalog
    ) throws -> [CatalogEntry] {
        let key = Layout.index(component, use.pack).text
        let live = use.liveMembers
        guard index.members.count == use.members, live.ranges.last.map({ $0.upperBound <= use.members }) ?? true else {
            throw RepositoryError.damaged(
                key, "it has \(index.members.count) members, but the manifest records \(use.members)")
        }
        let pack = try catalog.number(ofPack: use.pack)
        return try live.ranges.joined().map { number in
            let member = index.members[number]
            guard let record = member.record, RestorePath.isSafe(record.path) else {
                throw RepositoryError.damaged(
                    key, "member \(number) is not a file, directory or link with a valid path")
            }
            let described = Location(pack: pack, member: number)
            let content = try member.from.map { reference in
                Location(pack: try catalog.number(ofPack: reference.pack), member: reference.member)
            }
            return CatalogEntry(
                record: record, digest: member.sha256?.bytes, described: described, content: content ?? described)
        }
    }
}

/// The rules for a path in an archive, so that a restore cannot write outside its target.
enum RestorePath {
    /// Returns true if the path is relative, with no empty, `.` or `..` component, no NUL, and not too long. One trailing slash marks
    /// a directory.
    static func isSafe(_ path: [UInt8]) -> Bool {
        let trimmed = path.last == UInt8(ascii: "/") ? path.dropLast() : path[...]
        guard !trimmed.isEmpty, path.count <= DocumentLimits.longestPath, !path.contains(0) else { return false }
        return trimmed.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .allSatisfy { part in !part.isEmpty && (part.count > 2 || part.contains { $0 != UInt8(ascii: ".") }) }
    }
}
