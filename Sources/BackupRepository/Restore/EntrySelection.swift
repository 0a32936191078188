internal import Cryptography
internal import ObjectStorage

/// The entries of a backup that a restore writes or a rehearsal reads.
struct EntrySelection: Sendable {
    let manifest: Manifest
    /// Only these paths and everything below them; all if empty.
    let paths: [String]
    /// Only the files of this slice; ``restorer`` selects them.
    let slice: RestoreSlice?
    let restorer: (any ComponentRestorer)?
    /// True to omit the index, which is built from the other files.
    var rebuildsIndex = false

    /// - Throws: `RepositoryError` `.damaged` if the indexes list other files than the backup stored.
    func proveContents(of catalog: Catalog) throws {
        guard let recorded = manifest.contents, try catalog.merkleRoot() != recorded else { return }
        throw RepositoryError.damaged(
            Layout.manifest(manifest.component, manifest.name).text,
            "the files in its indexes do not have the recorded Merkle root")
    }

    /// Reduces the catalog to the wanted paths and the directories above them.
    func select(_ catalog: Catalog) throws {
        for path in paths {
            guard RestorePath.isSafe(Array(path.utf8)) else {
                throw RepositoryError(.noSuchPath, object: path, "a path in a backup is relative, without '.' and '..'")
            }
        }
        if let slice, let restorer { try keep(slice, in: catalog, by: restorer) }
        if rebuildsIndex, let restorer {
            _ = try catalog.keep { path in
                path.last != UInt8(ascii: "/") && !restorer.isIndex(String(decoding: path, as: UTF8.self))
            }
        }
        guard !paths.isEmpty else { return }
        var plain: Set<[UInt8]> = []
        var escaped: Set<[UInt8]> = []
        let spellings = paths.map { path in
            (path: path, plain: Array(path.utf8), escaped: PathText.bytes(of: path).flatMap(Self.safe))
        }
        try catalog.forEach { entry in
            for spelling in spellings {
                if isWithin(entry.record.path, spelling.plain) { plain.insert(spelling.plain) }
                if let bytes = spelling.escaped, isWithin(entry.record.path, bytes) { escaped.insert(bytes) }
            }
        }
        var wanted: [[UInt8]] = []
        var missing: [String] = []
        for spelling in spellings {
            // A name may contain a literal backslash: the path is taken as written if it exists.
            if plain.contains(spelling.plain) {
                wanted.append(spelling.plain)
            } else if let bytes = spelling.escaped, escaped.contains(bytes) {
                wanted.append(bytes)
            } else {
                missing.append(spelling.path)
            }
        }
        if let path = missing.sorted().first {
            throw RepositoryError(
                .noSuchPath, object: path, "backup \(manifest.name) of \(manifest.component) does not have this path",
                hint: "`dr show \(manifest.name) --component \(manifest.component) --files` lists them")
        }
        _ = try catalog.keep { path in wanted.contains { isWithin(path, $0) } }
    }

    private static func safe(_ path: [UInt8]) -> [UInt8]? { RestorePath.isSafe(path) ? path : nil }

    /// Returns a time that is not later than the set's own newest datum: newer data may have no reference in it.
    func newestDatum(in catalog: Catalog, _ restorer: any ComponentRestorer) throws -> Int? {
        var newest: Int?
        try catalog.forEach(kind: .file) { entry in
            guard let datum = restorer.newestDatum(of: entry.record.name) else { return }
            newest = max(newest ?? datum, datum)
        }
        return newest.map { min($0, manifest.watermark ?? $0, slice?.times.upperBound ?? $0) }
    }

    private func keep(_ slice: RestoreSlice, in catalog: Catalog, by restorer: any ComponentRestorer) throws {
        let kept = try catalog.keep { path in
            path.last != UInt8(ascii: "/") && restorer.isWanted(String(decoding: path, as: UTF8.self), in: slice)
        }
        guard kept > 0 else {
            throw RepositoryError(
                .noSuchPath, object: manifest.component,
                "backup \(manifest.name) holds no data of that tenant and time",
                hint: "`dr show \(manifest.name) --component \(manifest.component) --files` lists what it holds")
        }
    }
}
